"""The world: the shapes of countries, and their names in English and Chinese. See NOTICE.md for where they are from."""
