/* sim_carrier: see sim_carrier.h. */
#include "sim_carrier.h"

#include <string.h>

const struct sim_carrier sim_carriers[] = {
    {"viettel", "Viettel", "45204", "+84980200030", "TTTB", NULL, "*101#",
     "TK gốc: %sđ, HSD: %s. Chi tiết bấm gọi *098#.", "guide", " LH 18008098 (0đ)."},
    {"vinaphone", "VINAPHONE", "45202", "+8491020005", "TTTB", NULL, "*101#",
     "Tài khoản chính: %s VND, hạn sử dụng đến %s", "lines", " Chi tiết LH 18001091."},
    {"mobifone", "MOBIFONE", "45201", "+84900000023", "TTTB", NULL, "*101#",
     "TKC %s d, %s. KM1: 0 d.", "number", ". Chi tiết liên hệ 18001090. Trân trọng!"},
    {"vietnamobile", "Vietnamobile", "45205", "+84920210015", "TTTB", NULL, "*101#",
     "Số dư TK chính: %s đồng. Ngày hết hạn: %s", "three", "."},
    {"gmobile", "GMOBILE", "45207", "+84993000015", "TT", "*1414#", "*101#",
     "So du: %s VND. Han su dung: %s.", "dots", ". Tổng đài 0598880199."},
    {"itel", "iTel", "45208", "+8491020005", "TTTB", NULL, "*101#", "TKC: %sđ - HSD: %s", "dashes",
     "."},
    {"wintel", "Wintel", "45209", "+8491020005", NULL, NULL, NULL, NULL, "three", "."},
};
const size_t sim_carrier_count = sizeof sim_carriers / sizeof sim_carriers[0];

const struct sim_carrier *sim_carrier_find(const char *name)
{
    for (size_t i = 0; i < sim_carrier_count; i++)
        if (!strcmp(sim_carriers[i].name, name))
            return &sim_carriers[i];
    return NULL;
}

const struct sim_carrier *sim_carrier_of(const char *mcc_mnc)
{
    for (size_t i = 0; i < sim_carrier_count; i++)
        if (!strcmp(sim_carriers[i].mcc_mnc, mcc_mnc))
            return &sim_carriers[i];
    return NULL;
}
