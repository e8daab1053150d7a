/* SPDX-License-Identifier: MIT
 * zone: a calendar of ICU for each zone that was asked for lately, because making one costs a hundred times what asking it does. They are
 * few and shared under one lock, which is held for a microsecond. Promises: a name that nobody knows is remembered as such, so it costs no more. */
#include "codec/zone.h"

#include "base/message.h"
#include "codec/icu.h"

#include <pthread.h>
#include <string.h>

#include "base/banned.h"

enum { ZONES = 32, MINUTE = 60, HOUR = 3600 };

static struct {
    pthread_mutex_t lock;
    struct {
        char name[ZONE_NAME_MAX + 1];
        UCalendar *calendar; /* NULL: no zone is called so */
        uint64_t asked;      /* 0: free */
    } zones[ZONES];
    uint64_t asked;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The names of JDK 1.1, which ICU keeps; three of them mean something else to most people. */
static bool is_abbreviation(const char *name)
{
    static const char words[] = " ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST ";
    const char *found = strlen(name) == 3 ? strstr(words, name) : NULL;
    return (found != NULL && found[-1] == ' ' && found[3] == ' ') || strncmp(name, "SystemV/", 8) == 0;
}

static bool widen_zone_name(const char *name, UChar wide[ZONE_NAME_MAX + 1])
{
    size_t n = strlen(name);
    for (size_t i = 0; i <= n; i++) {
        if ((unsigned char)name[i] >= 0x80)
            return false;
        wide[i] = (UChar)name[i];
    }
    return true;
}

static UCalendar *open_zone(const char *name)
{
    UChar wide[ZONE_NAME_MAX + 1], canonical[ZONE_NAME_MAX + 1];
    UErrorCode code = U_ZERO_ERROR;
    UBool listed = false;
    if (is_abbreviation(name) || !widen_zone_name(name, wide))
        return NULL;
    (void)icu.p_ucal_getCanonicalTimeZoneID(wide, -1, canonical, ZONE_NAME_MAX, &listed, &code);
    if (U_FAILURE(code) || !listed) /* a name of none would be Greenwich's */
        return NULL;
    UCalendar *calendar = icu.p_ucal_open(wide, -1, "en_US", UCAL_GREGORIAN, &code);
    return U_FAILURE(code) ? NULL : calendar;
}

/* Its place, made if need be in that of the one nobody asked for the longest. Under the lock. */
static size_t find_zone(str name)
{
    size_t oldest = 0;
    for (size_t i = 0; i < ZONES; i++) {
        if (shared.zones[i].asked > 0 && str_is(name, shared.zones[i].name)) {
            shared.zones[i].asked = ++shared.asked;
            return i;
        }
        if (shared.zones[i].asked < shared.zones[oldest].asked)
            oldest = i;
    }
    if (shared.zones[oldest].calendar != NULL)
        icu.p_ucal_close(shared.zones[oldest].calendar);
    memcpy(shared.zones[oldest].name, name.p, name.n);
    shared.zones[oldest].name[name.n] = '\0';
    shared.zones[oldest].calendar = open_zone(shared.zones[oldest].name);
    shared.zones[oldest].asked = ++shared.asked;
    return oldest;
}

static bool could_be_zone(str name)
{
    return str_filled(name) && name.n <= ZONE_NAME_MAX && memchr(name.p, '\0', name.n) == NULL;
}

fallible zone_known(str name, bool *known)
{
    if (!icu_load())
        FAIL(UNAVAILABLE, "zone: ICU cannot be loaded; install the package libicu72");
    *known = false;
    if (!could_be_zone(name))
        return OK;
    (void)pthread_mutex_lock(&shared.lock);
    *known = shared.zones[find_zone(name)].calendar != NULL;
    (void)pthread_mutex_unlock(&shared.lock);
    return OK;
}

/* Seconds east of UTC at that time. false: no such zone. */
static bool ask_zone(str name, unix_time t, int64_t *east)
{
    UErrorCode code = U_ZERO_ERROR;
    if (!could_be_zone(name) || !icu_load())
        return false;
    (void)pthread_mutex_lock(&shared.lock);
    UCalendar *calendar = shared.zones[find_zone(name)].calendar;
    int64_t milliseconds = 0;
    if (calendar != NULL) {
        icu.p_ucal_setMillis(calendar, (double)t * 1000, &code);
        milliseconds = icu.p_ucal_get(calendar, UCAL_ZONE_OFFSET, &code);
        milliseconds += icu.p_ucal_get(calendar, UCAL_DST_OFFSET, &code);
    }
    (void)pthread_mutex_unlock(&shared.lock);
    *east = milliseconds / 1000;
    return calendar != NULL && !U_FAILURE(code);
}

/* UTC, UTC+1, UTC-3:30 */
static void write_offset(int64_t east, char *out)
{
    int64_t far = east < 0 ? -east : east, hours = far / HOUR, minutes = far % HOUR / MINUTE;
    if (far < MINUTE)
        return;
    *out++ = east < 0 ? '-' : '+';
    if (hours >= 10)
        *out++ = (char)('0' + hours / 10);
    *out++ = (char)('0' + hours % 10);
    if (minutes > 0) {
        *out++ = ':';
        *out++ = (char)('0' + minutes / 10);
        *out++ = (char)('0' + minutes % 10);
    }
    *out = '\0';
}

void zone_write(str name, unix_time t, char out[ZONE_TEXT_SIZE])
{
    char utc[CLOCK_TEXT_SIZE];
    int64_t east = 0;
    clock_write(t, utc);
    bool there = utc[0] != '\0' && ask_zone(name, t, &east);
    message_time(there ? t + east : t, out);
    if (there && out[0] != '\0')
        write_offset(east, out + strlen(out));
    else
        message_time(t, out);
}
