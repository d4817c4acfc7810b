//! View models shared by pages: text ready to print.
