"""A page on this machine on which a person varies an image and sees what the models make of it."""
