"""Says whether a signature is right, by the services' own documentation and Python's own library.

Takes one JSON object on standard input: kind, secret, timestamp, signature and, for webhook, the body in base64.
"""
import base64
import hashlib
import hmac
import json
import sys

given = json.load(sys.stdin)
secret = given["secret"].encode()
timestamp = given["timestamp"]

if given["kind"] == "dingtalk":
    signed = f"{timestamp}\n".encode() + secret
    expected = base64.b64encode(hmac.new(secret, signed, digestmod=hashlib.sha256).digest()).decode()
elif given["kind"] == "feishu":
    key = f"{timestamp}\n".encode() + secret
    expected = base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
elif given["kind"] == "webhook":
    signed = f"{timestamp}.".encode() + base64.b64decode(given["body"])
    expected = "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
else:
    sys.exit(f"there is no kind {given['kind']}")

print("right" if hmac.compare_digest(expected, given["signature"]) else "wrong")
