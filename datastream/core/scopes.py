"""What keys and OAuth2 tokens may be used for."""

READ, WRITE, RUN, ADMINISTER = "data:read", "data:write", "analysis:run", "admin"
# No scope that anything can have: only somebody who has signed in does it.
IN_PERSON = "in person"
SCOPES = {
    READ: "Read what you may read.",
    WRITE: "Change datasets, points, stations, variables, pictures and feeds.",
    RUN: "Run, repeat, cancel and delete analyses.",
    ADMINISTER: "Users, the audit log, shares, and who sees a dataset.",
}
