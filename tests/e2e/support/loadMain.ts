/** Usage: loadMain.ts URL. Asks the URL five times a second until SIGTERM, then prints the result as JSON. */
import { ClientLoad } from "../../../scenarios/engine/clientLoad";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: loadMain.ts URL");
const load = new ClientLoad(url);
process.once("SIGTERM", () => {
  void load.stop().then((result) => process.stdout.write(JSON.stringify(result)));
});
