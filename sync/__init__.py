"""What server and field client share, and the field client.

Shared and pure: ``changes`` (the Change and its verdicts), ``flags``, ``datatypes`` (which texts fit a field),
``workbook`` (XLSX files), and ``merge`` with ``rules``, ``registers`` and ``created``. ``client`` is the field client's
library, ``cli`` its command ``fieldsync``. Nothing here imports ``server``.
"""
