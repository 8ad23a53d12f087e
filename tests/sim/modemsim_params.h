/* modemsim_params: how the verbs of the control socket read their parameters, and what verbs of
 * other rooms the table names. A `take_` that returns false has refused. */
#ifndef MODEMSIM_PARAMS_H
#define MODEMSIM_PARAMS_H

#include "modemsim_control.h"

void refuse(struct modemsim_reply *reply, const char *message);
/* A whole number, `otherwise` where it is not given. */
bool take_int(json_t *params, const char *name, int64_t low, int64_t high, int64_t otherwise,
              int64_t *out, struct modemsim_reply *reply);
bool take_bool(json_t *params, const char *name, bool otherwise);
/* The place of a word in `names` (NULL ends); `otherwise` -1: it has to be given. */
bool take_word(json_t *params, const char *name, const char *const *names, int otherwise, int *out,
               struct modemsim_reply *reply);
/* Stays as it was where it is not given. */
bool take_text(json_t *params, const char *name, char *out, size_t room,
               struct modemsim_reply *reply);
struct modemsim_port *take_port(struct modemsim_control *control, json_t *params,
                                struct modemsim_reply *reply);

/* modemsim_registry.c */
void modemsim_verb_registry(struct modemsim_control *control, json_t *params,
                            struct modemsim_reply *reply);
void modemsim_verb_balance(struct modemsim_control *control, json_t *params,
                           struct modemsim_reply *reply);

#endif
