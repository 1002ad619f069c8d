#include "sim/replay.h"
#include "sim/run.h"
int replay_fabric(const struct replay_options *o)
{
    (void)o;
    return EXIT_ENVIRONMENT;
}
