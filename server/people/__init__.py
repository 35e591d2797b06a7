"""People and bodies: accounts, duties, roles and rights, sign-in, phone keys, setup cards."""
