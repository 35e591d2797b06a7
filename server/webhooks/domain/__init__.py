"""Rules of webhooks: what is told and how it is signed, which addresses may be called, when it is tried again."""
