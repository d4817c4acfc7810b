UPDATE tenants SET customer_mail = true WHERE id = '00000000-0000-0000-0000-00000000000a';
