"""REMEMBERS: rows, repositories, migrations, encryption, keys."""
