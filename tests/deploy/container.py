"""A Lambda container: runs in the unpacked zip with nothing else to import, and hands events to its handlers.

Reads a JSON list of {"handler", "event"} and writes what came of each: {"answer"} or {"raised"}.
"""

import importlib
import json
import sys
import uuid


class Context:
    def __init__(self, function_name: str) -> None:
        self.function_name = function_name
        self.memory_limit_in_mb = 512
        self.invoked_function_arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{function_name}"
        self.aws_request_id = str(uuid.UUID(int=1))

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


answers = []
for asked in json.load(sys.stdin):
    module, name = asked["handler"].rsplit(".", 1)
    try:
        answer = getattr(importlib.import_module(module), name)(asked["event"], Context(name))
        answers.append({"answer": answer})
    except Exception as raised:
        answers.append({"raised": str(raised)})
origins = {
    name: getattr(sys.modules[name], "__file__", "") for name in ("app", "boto3", "pydantic") if name in sys.modules
}
print("\n" + json.dumps({"answers": answers, "origins": origins}))
