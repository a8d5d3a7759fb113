"""Organisations that ask to take part, and who lets them in (机构入驻)."""
