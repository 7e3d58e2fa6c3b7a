# Keys of a blueprint's customizations whose text does not have its form, one a line; no values, which may be secret.
# Each of these texts becomes a line of passwd, shadow, tmpfiles.d, an INI file or a list: a line end in it would begin
# another line. Between \A and \z: jq's $ also matches before a last line end.
def form($key; $pattern):
  select(type != "string" or (test("\\A(?:" + $pattern + ")\\z") | not)) | $key;
def account: "[a-z_][a-z0-9_-]{0,31}";
def line: "[^\\x00-\\x1f\\x7f]*";
def folder: "(?:/(?!\\.{1,2}(?:/|\\z))[A-Za-z0-9._+-]+)+/?";
def name: "[A-Za-z0-9][A-Za-z0-9._+-]*";
def host: "[A-Za-z0-9.:-]+";
# Some keys stand in several lines.
def keys_of($key): if type == "string" then split("\n")[] | form($key; "[^\\x00-\\x08\\x0a-\\x0c\\x0e-\\x1f\\x7f]*") else $key end;
def node($key):
  (.path | form("\($key).path"; "(?:/(?!\\.{1,2}(?:/|\\z))[^/:\\x00-\\x1f\\x7f]+)+")),
  (.mode // empty | form("\($key).mode"; "0?[0-7]{3}")),
  (.user // empty | select(type != "number") | form("\($key).user"; account)),
  (.group // empty | select(type != "number") | form("\($key).group"; account));

.customizations // {}
| (.hostname // empty | form("hostname"; name)),
  (.user // [] | .[]
    | (.name | form("user.name"; account)),
      (.description // empty | form("user.description"; "[^:\\x00-\\x1f\\x7f]*")),
      (.password // empty | form("user.password"; "\\$[A-Za-z0-9./$=,+_-]+")),
      (.key // empty | keys_of("user.key")),
      (.keys // [] | .[] | keys_of("user.keys")),
      (.home // empty | form("user.home"; folder)),
      (.shell // empty | form("user.shell"; folder)),
      (.groups // [] | .[] | form("user.groups"; account))),
  (.group // [] | .[] | .name | form("group.name"; account)),
  (.sshkey // [] | .[] | (.user | form("sshkey.user"; account)), (.key | keys_of("sshkey.key"))),
  (.timezone.timezone // empty | form("timezone.timezone"; "[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}")),
  (.timezone.ntpservers // [] | .[] | form("timezone.ntpservers"; host)),
  (.locale.languages // [] | .[] | form("locale.languages"; "[A-Za-z0-9_.@-]+")),
  (.services // {} | .[][] | form("services"; "[A-Za-z0-9:_.@\\\\-]+")),
  (.firewall // {} | (.accept, .drop) // [] | .[] | form("firewall"; line)),
  (.directories // [] | .[] | node("directories")),
  (.files // [] | .[] | node("files"))
