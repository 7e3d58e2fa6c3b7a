import type { DeviceReport } from "../protocol/report";

/** The last report of a device and when it came, ISO 8601 by this host's clock. */
export interface Received {
  readonly receivedAt: string;
  readonly address: string;
  readonly report: DeviceReport;
}
