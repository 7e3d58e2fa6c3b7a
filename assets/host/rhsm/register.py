#!/usr/bin/python3
"""Registers this host with its subscription service: register.py <JSON on stdin.

{"username", "password"} or {"organization", "activationKey"}. The command line of subscription-manager is no place for
either secret: it takes a key as an argument only, and a password from a terminal only. Its D-Bus interface is what
Anaconda and Cockpit use: RegisterServer.Start gives the address of a socket that only root may open, and there the
secrets go (candlepin/subscription-manager, src/rhsmlib/dbus/objects/register.py). Prints nothing of them.
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
# A subscription service that is slow, not one that is down.
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
    """What the service says: its own message where the error is JSON, as it is from some versions."""
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
