package org.sluice.smmuv2.model;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.SIdr2;
import org.sluice.smmuv2.arch.SIdr7;

/** Implementations to start from. Sizes are typical of the implementation, not of one chip. */
enum Profile {
    /** Everything that is modelled. */
    FULL(32, 16, 4, 1, EnumSet.noneOf(Defect.class)),
    /** Arm MMU-500 r2p0 and later. */
    MMU_500(64, 16, 0, 2, EnumSet.of(Defect.ACTLR_LOCK, Defect.PREFETCH)),
    /** Qualcomm's GPU IOMMU: few banks, firmware that minds S2CR. */
    QCOM(16, 5, 0, 2, EnumSet.of(Defect.S2CR_BYPASS)),
    /** Marvell AP806. */
    AP806(32, 16, 0, 1, EnumSet.of(Defect.NO_64BIT_ACCESS)),
    /** Calxeda. */
    CALXEDA(16, 8, 0, 1, EnumSet.of(Defect.SECURE_ALIAS));

    private static final int CONTEXT_INTERRUPTS = 8;
    private static final int NUMPAGENDXB = 4;

    private final int streams;
    private final int banks;
    private final int stage2Banks;
    private final int revision;
    private final Set<Defect> defects;

    Profile(int streams, int banks, int stage2Banks, int revision, Set<Defect> defects) {
        this.streams = streams;
        this.banks = banks;
        this.stage2Banks = stage2Banks;
        this.revision = revision;
        this.defects = defects;
    }

    static Profile named(String name) {
        return Arrays.stream(values())
                .filter(profile -> profile.spelling().equals(name))
                .findFirst()
                .orElseThrow(() -> ModelOptions.invalid(
                        "profile",
                        name,
                        "known are "
                                + Arrays.stream(values()).map(Profile::spelling).collect(Collectors.joining(", "))));
    }

    private String spelling() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    Set<Defect> defects() {
        return defects;
    }

    Identity identity() {
        long idr0 = SIdr0.withS1ts(SIdr0.withS2ts(SIdr0.withNts(SIdr0.withSms(0, 1), 1), 1), 1);
        idr0 = SIdr0.withExids(SIdr0.withCttw(SIdr0.withNumirpt(idr0, CONTEXT_INTERRUPTS), 1), 1);
        idr0 = SIdr0.withNumsidb(SIdr0.withNumsmrg(idr0, streams), 15);
        long idr1 = SIdr1.withNumcb(SIdr1.withNums2cb(SIdr1.withNumpagendxb(0, NUMPAGENDXB), stage2Banks), banks);
        long idr2 =
                SIdr2.withIas(SIdr2.withOas(SIdr2.withUbs(0, SIdr2.UBS_BITS_49), SIdr2.OAS_BITS_48), SIdr2.IAS_BITS_48);
        idr2 = SIdr2.withPtfsv84k(SIdr2.withPtfsv816k(SIdr2.withPtfsv864k(idr2, 1), 1), 1);
        idr2 = SIdr2.withVmid16s(idr2, 1);
        return new Identity(idr0, idr1, idr2, SIdr7.withMajor(0, revision));
    }
}
