package org.sluice.spi.driver;

import java.util.function.IntUnaryOperator;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Running a guest's stage 1 over a stage-2 context: an {@link IommuUnit} that can do so implements it. The core serialises
 * the calls per unit.
 *
 * <p>What a guest writes comes in the hardware's own form. For an SMMUv3 that is its stream table entry, and commands as
 * they stand in its queue. An SMMUv2 has no entry in memory, and commands are writes of registers: its entry is the context
 * bank that the guest programmed, six words, and a command is the offset of a register in the page of a bank and the value
 * that was written there.
 *
 * <table>
 * <caption>The words of a context bank</caption>
 * <tr><th>Word</th><th>[63:32]</th><th>[31:0]</th></tr>
 * <tr><td>0</td><td>CBA2R</td><td>SCTLR</td></tr>
 * <tr><td>1</td><td>TCR2</td><td>TCR</td></tr>
 * <tr><td>2</td><td colspan="2">TTBR0</td></tr>
 * <tr><td>3</td><td colspan="2">TTBR1</td></tr>
 * <tr><td>4</td><td>MAIR1, NMRR</td><td>MAIR0, PRRR</td></tr>
 * <tr><td>5</td><td>0</td><td>CONTEXTIDR</td></tr>
 * </table>
 */
@ConsumerType
public interface NestingOperations {
    /**
     * Makes a context from the entry that a guest wrote for its stream, in the hardware's own form, after checking that it
     * uses nothing but what a guest may choose.
     *
     * @param parent a stage-2 context of this unit
     * @param guestEntry the guest's stream entry or context bank, lowest word first; words that are missing are 0, and
     *     addresses in it are the guest's
     * @return the context: attach it as any other; it has no table configuration and takes no walker
     * @throws org.sluice.api.IommuException EIO a field that a guest may not set, naming it; EOPNOTSUPP
     */
    TranslationContext createNested(TranslationContext parent, long[] guestEntry);

    /**
     * Runs invalidation commands of a guest, in the hardware's own form: each is checked, confined to the parent's tag and
     * to the guest's own streams, and completed before the method returns.
     *
     * @param parent the stage-2 context
     * @param commands two words a command, lowest first
     * @param streamIds the guest's StreamID to the hardware's; -1 for one that the guest does not have
     * @return how many commands were run: all of them
     * @throws org.sluice.api.IommuException EIO a command that a guest may not give, naming its index; those before it were
     *     run
     */
    int invalidate(TranslationContext parent, long[] commands, IntUnaryOperator streamIds);
}
