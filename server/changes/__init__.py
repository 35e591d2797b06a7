"""The write path: every change is validated, authorised, merged and recorded here."""
