"""How far geo databases agree with each other: by country, and by kilometres."""
