"""Identification: what the print is made of, from the part and its coupons."""
