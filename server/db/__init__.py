"""The database behind one seam: connections, transactions, group commit, locks, migrations."""
