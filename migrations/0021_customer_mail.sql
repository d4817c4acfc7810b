-- Whether mails to customers go out. A company that sends them already keeps sending; a new one is asked first.
ALTER TABLE tenants ADD COLUMN customer_mail boolean NOT NULL DEFAULT true;
ALTER TABLE tenants ALTER COLUMN customer_mail SET DEFAULT false;
GRANT SELECT (cause) ON messages TO holdfast_platform;
