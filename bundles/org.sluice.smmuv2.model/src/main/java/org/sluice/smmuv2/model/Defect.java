package org.sluice.smmuv2.model;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Known departures of real implementations that a model can be told to have, so that their workarounds can be seen to work. */
enum Defect {
    /**
     * With ACTLR.CPRE, as it is out of reset, a miss also fetches the next page, and invalidation by address does not reach what was fetched ahead
     * (MMU-500 errata 841119 and 826419).
     */
    PREFETCH,
    /** Writes of ACTLR are ignored while sACR.CACHE_LOCK is 1, as it is out of reset (MMU-500 from r2p0 on). */
    ACTLR_LOCK,
    /** The hypervisor turns a write of S2CR with TYPE bypass into a fault (Qualcomm firmware). */
    S2CR_BYPASS,
    /** A 64-bit access reaches only the lower half of a register (Marvell AP806, erratum 582743). */
    NO_64BIT_ACCESS,
    /** The registers of global space 0 that have a Secure bank are the Secure ones; the others are 0x400 above (Calxeda). */
    SECURE_ALIAS,
    /** Invalidation by address does not reach leaves larger than 4 KiB (NVIDIA Tegra194 and 234). */
    BLOCK_INVALIDATION,
    /** A TLB synchronisation waits for real-time clients until firmware is told otherwise (Qualcomm SDM845). */
    WAIT_FOR_SAFE,
    /** Traffic arrives with StreamID 0x7f until the memory controller is told a device's own (NVIDIA Tegra). */
    BOOT_STREAM_ID;

    /**
     * Reads a list.
     *
     * @param value names in lower case with dashes, separated by commas
     */
    static Set<Defect> parse(String value) {
        Set<Defect> defects = EnumSet.noneOf(Defect.class);
        for (String name : value.split(",")) {
            String trimmed = name.trim();
            if (!trimmed.isEmpty()) {
                defects.add(Stream.of(values())
                        .filter(defect -> defect.spelling().equals(trimmed))
                        .findFirst()
                        .orElseThrow(() ->
                                ModelOptions.invalid("defects", value, "'" + trimmed + "' is none of " + known())));
            }
        }
        return defects;
    }

    private String spelling() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String known() {
        return Stream.of(values()).map(Defect::spelling).collect(Collectors.joining(", "));
    }
}
