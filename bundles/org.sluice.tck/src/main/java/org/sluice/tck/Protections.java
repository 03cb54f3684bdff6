package org.sluice.tck;

import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * What a format makes of {@link Prot} bits.
 *
 * @param accepted protections to map with; the first is the one that most cases use
 * @param readBack what a leaf may say it grants
 * @param refused protections that the format cannot express; those without any access are tried in any case
 * @param refusal error for them
 */
public record Protections(List<Integer> accepted, ReadBack readBack, List<Integer> refused, Errno refusal) {
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final int ACCESS = RW;
    private static final List<Integer> USUAL = List.of(
            RW,
            Prot.READ,
            RW | Prot.CACHE,
            Prot.READ | Prot.CACHE | Prot.NOEXEC,
            RW | Prot.MMIO | Prot.NOEXEC,
            RW | Prot.PRIV);

    /** What a leaf may say. */
    @FunctionalInterface
    public interface ReadBack {
        /**
         * Whether a leaf's protection is right.
         *
         * @param config of the page table
         * @param asked bits that were asked for
         * @param read bits that the leaf says
         * @return true if so
         */
        boolean accepts(PageTableConfig config, int asked, int read);
    }

    /** Copies the lists. */
    public Protections {
        accepted = List.copyOf(accepted);
        refused = List.copyOf(refused);
    }

    /**
     * For a format of which nothing more is known: reading and writing read back at least as asked.
     *
     * @return the rule
     */
    public static Protections atLeastAccess() {
        return new Protections(USUAL, (config, asked, read) -> (asked & ACCESS & ~read) == 0, List.of(), Errno.EINVAL);
    }

    /**
     * For a format whose every leaf reads back in one way.
     *
     * @param readBack bits that a leaf says, from those that were asked for
     * @param further protections to try beside the usual ones, such as write-only
     * @return the rule
     */
    public static Protections exactly(IntUnaryOperator readBack, Integer... further) {
        return new Protections(
                Stream.concat(USUAL.stream(), List.of(further).stream()).toList(),
                (config, asked, read) -> readBack.applyAsInt(asked) == read,
                List.of(),
                Errno.EINVAL);
    }

    /**
     * The same with another answer for what leaves say, for one that depends on the configuration.
     *
     * @param other what a leaf may say it grants
     * @return the rule
     */
    public Protections readingBack(ReadBack other) {
        return new Protections(accepted, other, refused, refusal);
    }

    /**
     * The same for a format that cannot express some protections.
     *
     * @param errno with which it refuses them, and those without access
     * @param prots what it refuses beside those without access
     * @return the rule
     */
    public Protections refusing(Errno errno, Integer... prots) {
        List<Integer> list = List.of(prots);
        return new Protections(
                accepted.stream().filter(prot -> !list.contains(prot)).toList(), readBack, list, errno);
    }

    /** The protection that most cases use. */
    int usual() {
        return accepted.get(0);
    }
}
