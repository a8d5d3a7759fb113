"""The demo: real patents and needs from a folder of data, through the doors that users take."""
