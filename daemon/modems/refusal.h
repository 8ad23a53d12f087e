/* refusal: why a request was refused. refuse.h fills it in. */
#ifndef OTPGATE_REFUSAL_H
#define OTPGATE_REFUSAL_H

/* `name` is a name of the error table of proto/openrpc.json. */
struct refusal {
    const char *name;
    char sentence[200];
    int retry_after_s; /* 0: time does not mend it */
    int estimate_ms;   /* overloaded, expired: when it could have been sent; 0: not known */
    char suggest[17];  /* bad_number: the number that may be meant; "" */
};

#endif
