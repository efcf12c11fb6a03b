"""Login: who somebody is, as the municipality's OpenID provider says it; sessions, forms and rate limits.

What he may do then is `hub.desk.access`'s. Why it is as it is: ADR 10.
"""
