"""The filed sheet of a month (月报): its one definition, how a month is kept as filed, and what has changed since."""
