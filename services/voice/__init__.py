"""The voice channel: a call, as Amazon Connect and Lex V2 hand it over."""
