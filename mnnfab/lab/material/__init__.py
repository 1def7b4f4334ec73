"""Identification of the printed material from measurements of parts and coupons."""
