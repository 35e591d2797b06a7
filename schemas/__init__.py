"""The JSON of the API in both directions, as marshmallow schemas. They import neither ``server`` nor ``sync``.

``*RequestSchema`` and ``*Query`` arrive; the other schemas are answers. ``fields`` has the builders of both.
"""
