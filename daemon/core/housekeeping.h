/* housekeeping: what has been kept long enough goes, in small steps. */
#ifndef OTPGATE_HOUSEKEEPING_H
#define OTPGATE_HOUSEKEEPING_H

struct gateway;

void housekeeping_init(struct gateway *gateway);
void housekeeping_stop(struct gateway *gateway);

#endif
