package org.sluice.smmuv2.driver;

import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.quirk.Smmuv2Limits;

/** Which tables a context gets: the 64-bit formats where there are any, else the long and the short ones of 32 bits. */
final class Formats {
    private static final String LONG64_S1 = "ARM_64_LPAE_S1";
    private static final String LONG64_S2 = "ARM_64_LPAE_S2";
    private static final String LONG32_S1 = "ARM_32_LPAE_S1";
    private static final String LONG32_S2 = "ARM_32_LPAE_S2";
    static final String SHORT = "ARM_V7S";

    private static final long LONG32_SIZES = 1L << 12 | 1L << 21 | 1L << 30;
    private static final long SHORT_SIZES = 1L << 12 | 1L << 16 | 1L << 20 | 1L << 24;
    private static final int BITS_32 = 32;
    private static final int LONG32_OUTPUT_BITS = 40;

    private final Features features;
    private final Smmuv2Limits limits;
    private final Supplier<Hooks> hooks;

    Formats(Features features, Smmuv2Limits limits, Supplier<Hooks> hooks) {
        this.hooks = hooks;
        this.features = features;
        this.limits = limits;
    }

    static boolean isWide(String format) {
        return format.equals(LONG64_S1) || format.equals(LONG64_S2);
    }

    /** Whether the banks of this format are told of 32-bit long tables by EAE. */
    static boolean isLong32(String format) {
        return format.equals(LONG32_S1);
    }

    /**
     * The stage that a request gets.
     *
     * @throws IommuException EOPNOTSUPP
     */
    int stage(ContextRequest request) {
        int stage = request.stage() != 0 ? request.stage() : features.stage1() ? 1 : 2;
        if (stage == 1 ? !features.stage1() : !features.stage2()) {
            throw new IommuException(Errno.EOPNOTSUPP, "the SMMU has no stage " + stage + " (IDR0.S" + stage + "TS)");
        }
        if (request.upperHalf() && (stage == 2 || !limits.aarch64())) {
            throw new IommuException(Errno.EOPNOTSUPP, "an upper half needs stage 1 and 64-bit tables");
        }
        if (request.upperHalf()) {
            hooks.get().withoutUpperHalf().ifPresent(why -> {
                throw new IommuException(Errno.EOPNOTSUPP, "the SMMU has no upper half (TTBR1): " + why);
            });
        }
        if (request.dirtyTracking()) {
            throw new IommuException(Errno.EOPNOTSUPP, "the SMMU does not mark written pages");
        }
        return stage;
    }

    /** Leaf sizes of the format that contexts get by default. */
    long pageSizes() {
        return (limits.aarch64() ? features.pageSizes() : limits.long32() ? LONG32_SIZES : SHORT_SIZES)
                & limits.pageSizes();
    }

    int inputBits() {
        return limits.aarch64() ? features.inputBits() : BITS_32;
    }

    int outputBits() {
        return limits.aarch64()
                ? features.outputBits()
                : Math.min(features.outputBits(), limits.long32() ? LONG32_OUTPUT_BITS : BITS_32);
    }

    /**
     * The table of a context.
     *
     * @throws IommuException EOPNOTSUPP for page sizes that the format has not, or no format at all
     */
    PageTableConfig table(ContextRequest request, int stage) {
        if (limits.aarch64()) {
            return stage == 1
                    ? config(LONG64_S1, request, features.pageSizes(), features.inputBits(), features.outputBits())
                    : config(
                            LONG64_S2,
                            request,
                            features.pageSizes(),
                            features.intermediateBits(),
                            features.outputBits());
        }
        int output = Math.min(features.outputBits(), LONG32_OUTPUT_BITS);
        if (limits.long32()) {
            return stage == 1
                    ? config(LONG32_S1, request, LONG32_SIZES, BITS_32, output)
                    : config(
                            LONG32_S2,
                            request,
                            LONG32_SIZES,
                            Math.min(features.intermediateBits(), LONG32_OUTPUT_BITS),
                            output);
        }
        if (stage == 1 && limits.short32()) {
            return config(SHORT, request, SHORT_SIZES, BITS_32, BITS_32);
        }
        throw new IommuException(Errno.EOPNOTSUPP, "the SMMU walks no table format of stage " + stage);
    }

    private PageTableConfig config(String format, ContextRequest request, long offered, int input, int output) {
        long usable = offered & limits.pageSizes();
        long sizes = request.pageSizes() == 0 ? usable : request.pageSizes() & usable;
        if (sizes == 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format("page sizes 0x%x were asked for, %s has 0x%x", request.pageSizes(), format, usable));
        }
        int quirks = request.upperHalf() ? Quirk.ARM_TTBR1 : 0;
        return new PageTableConfig(format, sizes, input, output, features.coherent(), quirks);
    }
}
