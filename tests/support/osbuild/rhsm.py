#!/usr/bin/python3
"""Stands in for subscription-manager's D-Bus service (rhsm-service), on the bus that DBUS_SYSTEM_BUS_ADDRESS names.

Names, paths and signatures are those of candlepin/subscription-manager, src/rhsmlib/dbus/objects/register.py. Writes
each registration as a line of JSON to the file that it is given; RHSM_REFUSES is the error it answers with.
"""

import json
import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.server
import dbus.service
from gi.repository import GLib

OUT = sys.argv[1]
PRIVATE = "com.redhat.RHSM1.Register"


def note(**call):
    with open(OUT, "a") as out:
        out.write(json.dumps(call) + "\n")


class Refused(dbus.DBusException):
    _dbus_error_name = "com.redhat.RHSM1.Error"


class Register(dbus.service.Object):
    @dbus.service.method(PRIVATE, in_signature="sssa{sv}a{sv}s", out_signature="s")
    def Register(self, org, username, password, options, connection, locale):
        return self.answer("Register", [org, username, password])

    @dbus.service.method(PRIVATE, in_signature="sasa{sv}a{sv}s", out_signature="s")
    def RegisterWithActivationKeys(self, org, keys, options, connection, locale):
        return self.answer("RegisterWithActivationKeys", [org, *keys])

    def answer(self, method, values):
        note(method=method, values=[str(v) for v in values])
        if "RHSM_REFUSES" in os.environ:
            raise Refused(os.environ["RHSM_REFUSES"])
        return json.dumps({"uuid": "1", "name": "host"})


class RegisterServer(dbus.service.Object):
    server = None

    @dbus.service.method("com.redhat.RHSM1.RegisterServer", in_signature="s", out_signature="s")
    def Start(self, locale):
        self.server = dbus.server.Server("unix:tmpdir=/tmp")
        self.server.on_connection_added.append(lambda conn: Register(conn, "/com/redhat/RHSM1/Register"))
        return self.server.address

    @dbus.service.method("com.redhat.RHSM1.RegisterServer", in_signature="s", out_signature="b")
    def Stop(self, locale):
        self.server.disconnect()
        note(method="Stop", values=[])
        return True


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
name = dbus.service.BusName("com.redhat.RHSM1", bus)
RegisterServer(bus, "/com/redhat/RHSM1/RegisterServer")
note(method="ready", values=[])
GLib.MainLoop().run()
