"""The people of an organisation: invited, appointed, removed by its own administrators (成员)."""
