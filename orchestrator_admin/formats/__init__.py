"""How dates and times are written, by language: named in the setting FORMAT_MODULE_PATH."""
