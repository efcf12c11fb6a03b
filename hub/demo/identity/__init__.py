"""The demo's login provider: real OpenID Connect on loopback, where one chooses who to be. Refused in production."""
