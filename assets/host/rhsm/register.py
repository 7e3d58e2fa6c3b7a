#!/usr/bin/python3
"""Registers this host with its subscription service: register.py <JSON on stdin.

{"username", "password"} or {"organization", "activationKey"}. subscription-manager's command line suits neither secret:
it takes a key only as an argument, and a password only from a terminal. This uses its D-Bus interface, as Anaconda and
Cockpit do: RegisterServer.Start returns the address of a socket that only root may open, and the secrets go there
(candlepin/subscription-manager, src/rhsmlib/dbus/objects/register.py). Never prints them.
"""

import json
import sys

import dbus
import dbus.connection

NAME = "com.redhat.RHSM1"
SERVER = NAME + ".RegisterServer"
SERVER_PATH = "/com/redhat/RHSM1/RegisterServer"
REGISTER = NAME + ".Register"
REGISTER_PATH = "/com/redhat/RHSM1/Register"
# For a slow subscription service, not one that is down.
SECONDS = 300


def register(subscription, address):
    private = dbus.connection.Connection(address)
    target = dbus.Interface(private.get_object(object_path=REGISTER_PATH), REGISTER)
    none = dbus.Dictionary({}, signature="sv")
    if "activationKey" in subscription:
        keys = dbus.Array([subscription["activationKey"]], signature="s")
        target.RegisterWithActivationKeys(subscription["organization"], keys, none, none, "", timeout=SECONDS)
    else:
        user, password = subscription["username"], subscription["password"]
        target.Register("", user, password, none, none, "", timeout=SECONDS)


def message(error):
    """What the service says: its own message if the error is JSON, as in some versions."""
    text = error.get_dbus_message() or error.get_dbus_name() or str(error)
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text


def main():
    subscription = json.load(sys.stdin)
    try:
        bus = dbus.SystemBus()
        server = dbus.Interface(bus.get_object(NAME, SERVER_PATH), SERVER)
        address = server.Start("")
        try:
            register(subscription, address)
        finally:
            server.Stop("")
    except dbus.DBusException as error:
        secrets = [subscription.get(key) for key in ("password", "activationKey")]
        text = message(error)
        for secret in filter(None, secrets):
            text = text.replace(secret, "(not shown)")
        print("error: " + " ".join(text.split()), file=sys.stderr)
        return 1
    return 0


sys.exit(main())
