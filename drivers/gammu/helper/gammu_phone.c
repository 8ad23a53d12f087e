#include "gammu_phone.h"

#include <gammu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FDS_LOOKED_AT = 256,
    FRAME_ROOM = 1000, /* libgammu writes where its layouts say */
    STATUS_NONE = -1,
    WAITS_MAX = 120, /* reads of a second each for the status of a submit */
    FOLDER_BITS = 8,
    READS_MAX = 1000, /* messages of one list: a phone that never ends is left */
};

struct gammu_phone {
    GSM_StateMachine *machine;
    char *smsc;
    int fd;
    bool came;
    int status, reference; /* of the submit under way */
};

/* --- texts: UCS-2 big endian there, ASCII here ----------------------------------------------- */

static void ascii_of(const unsigned char *ucs2, char *out, size_t room)
{
    size_t len = 0;
    for (; (ucs2[0] || ucs2[1]) && len + 1 < room; ucs2 += 2)
        out[len++] = (char)(ucs2[0] == 0 && ucs2[1] >= ' ' && ucs2[1] <= '~' ? ucs2[1] : '?');
    out[len] = '\0';
}

static void ucs2_of(const char *ascii, unsigned char *out, size_t room)
{
    size_t len = 0;
    for (; *ascii && len + 4 <= room; ascii++) {
        out[len++] = 0;
        out[len++] = (unsigned char)*ascii;
    }
    out[len] = out[len + 1] = 0;
}

/* --- coming and going ----------------------------------------------------------------------- */

static void on_status(GSM_StateMachine *machine, int status, int reference, void *data)
{
    struct gammu_phone *phone = data;
    (void)machine;
    phone->status = status;
    phone->reference = reference;
}

static void on_incoming(GSM_StateMachine *machine, GSM_SMSMessage *sms, void *data)
{
    struct gammu_phone *phone = data;
    (void)machine;
    (void)sms; /* where it lies is looked up: phones tell it or not */
    phone->came = true;
}

/* libgammu tells nobody its fd. Of those that are open it is the one on that device. */
static int find_fd(const char *device)
{
    struct stat wanted, st;
    if (stat(device, &wanted) != 0 || !S_ISCHR(wanted.st_mode))
        return -1;
    int found = -1; /* the last one: an earlier one only holds the lock */
    for (int fd = 3; fd < FDS_LOOKED_AT; fd++)
        if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == wanted.st_rdev)
            found = fd;
    return found;
}

static void configure(GSM_StateMachine *machine, const char *connection, const char *device,
                      const char *model)
{
    GSM_Config *config = GSM_GetConfig(machine, 0);
    free(config->Device);
    free(config->Connection);
    config->Device = strdup(device);
    config->Connection = strdup(connection);
    snprintf(config->Model, sizeof config->Model, "%s", model);
    config->SyncTime = config->LockDevice = config->StartInfo = FALSE;
    config->UseGlobalDebugFile = TRUE; /* which goes nowhere: it would hold texts and numbers */
    config->DebugLevel[0] = '\0';
    GSM_SetConfigNum(machine, 1);
}

unsigned gammu_phone_open(const char *connection, const char *device, const char *model,
                          const char *smsc, struct gammu_phone **out)
{
    struct gammu_phone *phone = calloc(1, sizeof *phone);
    if (!phone)
        return ERR_MOREMEMORY;
    GSM_InitLocales(NULL);
    phone->smsc = strdup(smsc);
    phone->machine = GSM_AllocStateMachine();
    if (!phone->machine || !phone->smsc) {
        gammu_phone_close(phone);
        return ERR_MOREMEMORY;
    }
    configure(phone->machine, connection, device, model);
    GSM_Error error = GSM_InitConnection(phone->machine, 3);
    if (error != ERR_NONE) {
        GSM_FreeStateMachine(phone->machine);
        phone->machine = NULL;
        gammu_phone_close(phone);
        return (unsigned)error;
    }
    phone->fd = find_fd(device);
    GSM_SetSendSMSStatusCallback(phone->machine, on_status, phone);
    GSM_SetIncomingSMSCallback(phone->machine, on_incoming, phone);
    (void)GSM_SetFastSMSSending(phone->machine, TRUE);
    if (GSM_SetIncomingSMS(phone->machine, TRUE) != ERR_NONE)
        phone->fd = -1; /* it announces nothing */
    *out = phone;
    return 0;
}

void gammu_phone_close(struct gammu_phone *phone)
{
    if (phone->machine) {
        (void)GSM_TerminateConnection(phone->machine);
        GSM_FreeStateMachine(phone->machine);
    }
    free(phone->smsc);
    free(phone);
}

int gammu_phone_fd(const struct gammu_phone *phone)
{
    return phone->fd;
}

bool gammu_phone_read(struct gammu_phone *phone)
{
    phone->came = false;
    (void)GSM_ReadDevice(phone->machine, FALSE);
    return phone->came;
}

/* --- who it is, and how it hears -------------------------------------------------------------- */

static bool service_centre(struct gammu_phone *phone, char out[GAMMU_TEXT_MAX + 1])
{
    GSM_SMSC centre;
    memset(&centre, 0, sizeof centre);
    centre.Location = 1;
    if (*phone->smsc)
        snprintf(out, GAMMU_TEXT_MAX + 1, "%s", phone->smsc);
    else if (GSM_GetSMSC(phone->machine, &centre) == ERR_NONE)
        ascii_of(centre.Number, out, GAMMU_TEXT_MAX + 1);
    return *out != '\0';
}

bool gammu_phone_identity(struct gammu_phone *phone, enum gammu_word word,
                          char out[GAMMU_TEXT_MAX + 1])
{
    char text[GSM_MAX_VERSION_LENGTH + GSM_MAX_MODEL_LENGTH + 200] = "", date[200];
    double number;
    GSM_Error error = ERR_NOTSUPPORTED;
    *out = '\0';
    if (word == GAMMU_SMSC)
        return service_centre(phone, out);
    if (word == GAMMU_IMEI)
        error = GSM_GetIMEI(phone->machine, text);
    else if (word == GAMMU_IMSI)
        error = GSM_GetSIMIMSI(phone->machine, text);
    else if (word == GAMMU_MAKER)
        error = GSM_GetManufacturer(phone->machine, text);
    else if (word == GAMMU_MODEL)
        error = GSM_GetModel(phone->machine, text);
    else if (word == GAMMU_REVISION)
        error = GSM_GetFirmware(phone->machine, text, date, &number);
    size_t len = strnlen(text, GAMMU_TEXT_MAX);
    memcpy(out, text, len);
    out[len] = '\0';
    return error == ERR_NONE && *out != '\0';
}

/* <stat> of TS 27.007 clause 7.2. */
static unsigned stat_of(GSM_NetworkInfo_State state)
{
    switch (state) {
    case GSM_HomeNetwork:
        return 1;
    case GSM_RoamingNetwork:
        return 5;
    case GSM_RequestingNetwork:
        return 2;
    case GSM_RegistrationDenied:
        return 3;
    case GSM_NoNetwork:
        return 0;
    case GSM_NetworkStatusUnknown:
        return 4;
    }
    return 4;
}

void gammu_phone_radio(struct gammu_phone *phone, struct gammu_line *out)
{
    GSM_NetworkInfo network;
    GSM_SignalQuality signal;
    memset(&network, 0, sizeof network);
    memset(&signal, 0, sizeof signal);
    *out = (struct gammu_line){.word = GAMMU_RADIO, .number = 4};
    /* A phone that cannot tell is believed to be at home: it will say so when it cannot send. */
    GSM_Error error = GSM_GetNetworkInfo(phone->machine, &network);
    out->number = error == ERR_NONE ? stat_of(network.State)
                  : error == ERR_NOTSUPPORTED || error == ERR_NOTIMPLEMENTED ? 1
                                                                             : 4;
    ascii_of(network.NetworkName, out->text, sizeof out->text);
    if (!*out->text)
        snprintf(out->text, sizeof out->text, "%s", network.NetworkCode);
    if (GSM_GetSignalQuality(phone->machine, &signal) == ERR_NONE && signal.SignalStrength < 0 &&
        signal.SignalStrength > -150)
        out->value = signal.SignalStrength;
}

/* --- TPDUs ------------------------------------------------------------------------------------ */

static size_t address_len(const unsigned char *at)
{
    return 2 + (at[0] + 1U) / 2;
}

/* libgammu's frames have each field at a place of its own; a TPDU has them one behind another. */
static size_t put(uint8_t *out, size_t len, const unsigned char *from, size_t count)
{
    if (len + count > PDU_TPDU_MAX)
        return PDU_TPDU_MAX + 1;
    memcpy(out + len, from, count);
    return len + count;
}

static bool encode(GSM_SMSMessage *sms, const GSM_SMSMessageLayout *at, unsigned char *frame,
                   int *len)
{
    memset(frame, 0, FRAME_ROOM);
    return GSM_EncodeSMSFrame(NULL, sms, frame, *at, len, TRUE) == ERR_NONE && *len >= at->Text &&
           *len - at->Text <= PDU_TPDU_MAX;
}

/* SMS-DELIVER, clause 9.2.2.1. */
static bool deliver_of(GSM_SMSMessage *sms, struct pdu_tpdu *out)
{
    const GSM_SMSMessageLayout at = PHONE_SMSDeliver;
    unsigned char frame[FRAME_ROOM];
    int end = 0;
    if (!encode(sms, &at, frame, &end))
        return false;
    size_t len = put(out->octet, 0, frame + at.firstbyte, 1);
    out->octet[0] = (uint8_t)((out->octet[0] & ~0x03) | 0x04); /* to the phone; no more to send */
    len = put(out->octet, len, frame + at.Number, address_len(frame + at.Number));
    len = put(out->octet, len, frame + at.TPPID, 1);
    len = put(out->octet, len, frame + at.TPDCS, 1);
    len = put(out->octet, len, frame + at.DateTime, 7);
    len = put(out->octet, len, frame + at.TPUDL, 1);
    len = put(out->octet, len, frame + at.Text, (size_t)(end - at.Text));
    out->len = (uint8_t)len;
    return len <= PDU_TPDU_MAX;
}

static uint8_t bcd(int value)
{
    return (uint8_t)(value % 10 << 4 | value / 10 % 10);
}

static size_t put_time(uint8_t *out, size_t len, const GSM_DateTime *time)
{
    int quarters = time->Timezone / 900;
    const unsigned char octets[7] = {
        bcd(time->Year),
        bcd(time->Month),
        bcd(time->Day),
        bcd(time->Hour),
        bcd(time->Minute),
        bcd(time->Second),
        (unsigned char)(bcd(abs(quarters)) | (quarters < 0 ? 0x08 : 0)),
    };
    return put(out, len, octets, sizeof octets);
}

/* SMS-STATUS-REPORT, clause 9.2.2.3. */
static bool report_of(GSM_SMSMessage *sms, struct pdu_tpdu *out)
{
    char number[GSM_MAX_NUMBER_LENGTH + 1] = "";
    unsigned char address[2 + 10] = {0};
    ascii_of(sms->Number, number, sizeof number);
    const char *digits = number + (number[0] == '+');
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || count > 20 || digits[count])
        return false;
    address[0] = (unsigned char)count;
    address[1] = number[0] == '+' ? 0x91 : 0x81;
    for (size_t i = 0; i < count; i++) { /* semi-octets, the first one low */
        unsigned digit = (unsigned)(digits[i] - '0');
        unsigned at = 2 + (unsigned)i / 2;
        address[at] = (unsigned char)(i % 2 ? (address[at] & 0x0FU) | digit << 4 : 0xF0U | digit);
    }
    const unsigned char head[] = {0x06, sms->MessageReference};
    size_t len = put(out->octet, 0, head, sizeof head);
    len = put(out->octet, len, address, address_len(address));
    len = put_time(out->octet, len, &sms->DateTime);
    len = put_time(out->octet, len, &sms->SMSCTime);
    len = put(out->octet, len, &sms->DeliveryStatus, 1);
    out->len = (uint8_t)len;
    return true;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* libgammu corrupts some texts without a word (`~` in UCS-2): what it would send is compared with
 * what it was given. */
static bool is_faithful(GSM_SMSMessage *sms, const struct pdu_tpdu *tpdu)
{
    const GSM_SMSMessageLayout at = PHONE_SMSSubmit;
    unsigned char frame[FRAME_ROOM];
    int end = 0, location = sms->SMSC.Location;
    sms->SMSC.Location = 0;
    bool good = encode(sms, &at, frame, &end);
    sms->SMSC.Location = location;
    if (!good)
        return false;
    size_t header =
        2 + address_len(tpdu->octet + 2) + 2; /* to TP-DCS, which may be put otherwise */
    size_t period = (tpdu->octet[0] & 0x18) == 0x10;
    const uint8_t *text = tpdu->octet + header + period + 1;
    size_t text_len = tpdu->len - (header + period + 1);
    return memcmp(frame + at.Number, tpdu->octet + 2, address_len(tpdu->octet + 2)) == 0 &&
           frame[at.TPUDL] == text[-1] && (size_t)(end - at.Text) == text_len &&
           memcmp(frame + at.Text, text, text_len) == 0;
}

/* The TPDU is our own encoder's, whole and in range: libgammu's decoder is safe on it. */
static bool submit_of(struct gammu_phone *phone, const struct pdu_tpdu *tpdu, GSM_SMSMessage *sms)
{
    unsigned char room[FRAME_ROOM] = {0};
    size_t used = 0;
    memcpy(room, tpdu->octet, tpdu->len);
    memset(sms, 0, sizeof *sms);
    if (GSM_DecodePDUFrame(NULL, sms, room, tpdu->len, &used, FALSE) != ERR_NONE)
        return false;
    sms->PDU = tpdu->octet[0] & 0x20 ? SMS_Status_Report : SMS_Submit;
    sms->SMSC.Location = 1;
    if (*phone->smsc) {
        sms->SMSC.Location = 0;
        ucs2_of(phone->smsc, sms->SMSC.Number, sizeof sms->SMSC.Number);
    }
    return is_faithful(sms, tpdu);
}

void gammu_phone_send(struct gammu_phone *phone, struct gammu_line *line)
{
    GSM_SMSMessage sms;
    line->word = GAMMU_REFUSED;
    line->value = ERR_INVALIDDATA;
    if (!submit_of(phone, &line->tpdu, &sms))
        return;
    phone->status = STATUS_NONE;
    GSM_Error error = GSM_SendSMS(phone->machine, &sms);
    explicit_bzero(&sms, sizeof sms);
    if (error == ERR_NOTSUPPORTED || error == ERR_NOTIMPLEMENTED) {
        line->value = (int)error;
        return;
    }
    for (int i = 0; error == ERR_NONE && phone->status == STATUS_NONE && i < WAITS_MAX; i++)
        (void)GSM_ReadDevice(phone->machine, TRUE);
    line->word = error == ERR_NONE && phone->status == 0 ? GAMMU_SENT : GAMMU_FAILED;
    line->value = line->word == GAMMU_SENT ? phone->reference & 0xFF : (int)error;
}

/* --- what came -------------------------------------------------------------------------------- */

static bool inbound_of(GSM_SMSMessage *sms, struct gammu_line *out)
{
    *out =
        (struct gammu_line){.word = GAMMU_INBOUND,
                            .id = (uint64_t)sms->Location << FOLDER_BITS | (uint64_t)sms->Folder};
    if (sms->PDU == SMS_Status_Report)
        return report_of(sms, &out->tpdu);
    return sms->PDU == SMS_Deliver && sms->InboxFolder && deliver_of(sms, &out->tpdu);
}

void gammu_phone_list(struct gammu_phone *phone, bool (*tell)(void *arg, const struct gammu_line *),
                      void *arg)
{
    static GSM_MultiSMSMessage found;
    gboolean start = TRUE;
    for (int reads = 0; reads < READS_MAX; reads++, start = FALSE) {
        found.Number = 0;
        found.SMS[0].Folder = 0;
        if (GSM_GetNextSMS(phone->machine, &found, start) != ERR_NONE)
            return;
        for (int i = 0; i < found.Number && i < GSM_MAX_MULTI_SMS; i++) {
            struct gammu_line line;
            if (inbound_of(&found.SMS[i], &line) && !tell(arg, &line))
                return;
        }
    }
}

void gammu_phone_delete(struct gammu_phone *phone, uint64_t handle)
{
    GSM_SMSMessage sms;
    memset(&sms, 0, sizeof sms);
    sms.Folder = 0; /* the location of a flat list is enough */
    sms.Location = (int)(handle >> FOLDER_BITS);
    if (handle & ((1 << FOLDER_BITS) - 1))
        sms.Folder = (int)(handle & ((1 << FOLDER_BITS) - 1));
    (void)GSM_DeleteSMS(phone->machine, &sms);
}
