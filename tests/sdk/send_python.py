"""Sends the calls on standard input with segment-analytics-python. Environment: ENDPOINT, WRITE_KEY, GZIP."""

import json
import os
import sys
from datetime import datetime

from segment.analytics.client import Client

failures = []
client = Client(
    os.environ["WRITE_KEY"],
    host=os.environ["ENDPOINT"],
    gzip=os.environ["GZIP"] == "1",
    upload_size=40,
    max_retries=2,
    on_error=lambda error, batch: failures.append(str(error)),
)

for wave in json.load(sys.stdin):
    for call in wave:
        kind = call.pop("type")
        arguments = {
            "user_id": call.get("userId"),
            "message_id": call["messageId"],
            "context": call.get("context"),
        }
        if "timestamp" in call:
            arguments["timestamp"] = datetime.fromisoformat(call["timestamp"])
        if "anonymousId" in call:
            arguments["anonymous_id"] = call["anonymousId"]
        if kind == "identify":
            client.identify(traits=call["traits"], **arguments)
        elif kind == "group":
            client.group(group_id=call["groupId"], traits=call["traits"], **arguments)
        elif kind == "track":
            client.track(event=call["event"], properties=call["properties"], **arguments)
        else:
            getattr(client, kind)(name=call["name"], properties=call["properties"], **arguments)
    client.flush()
client.join()

if failures:
    sys.exit("; ".join(failures))
