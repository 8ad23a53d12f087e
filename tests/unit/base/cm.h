/* cmocka wants its includes in this order. */
#ifndef OTPGATE_TEST_CM_H
#define OTPGATE_TEST_CM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#endif
