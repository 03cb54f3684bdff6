package org.sluice.board.qemu;

import java.util.function.Predicate;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;

/**
 * Where QEMU is known to depart from the architecture: the only differences between it and the model that are let pass, each
 * no wider than what QEMU does. Those marked <em>reference</em> were known before; the others this test found. Cases that
 * no set-up here can meet are not listed: a full event queue, commands of absent features, a stream table that becomes
 * linear again, contexts that end the QEMU process, the pieces of a stage-1 leaf that stage 2 cuts, of which QEMU invalidates
 * only the one at the address.
 */
enum Departure {
    /** Reference: 7.2 leaves CLASS 0 in faults of the input address; 10 writes IN. */
    CLASS_OF_LEAF_FAULTS(it -> it.old()
            && it.model().events().size() == 1
            && it.differsOnlyInClass()
            && EvtFTranslation.clazz(it.qemu().record()[1]) == 0),

    /** Events of stage 2 have IPA[55:12]; QEMU writes the offset in the page below it. */
    OFFSET_OF_IPA(it -> (it.stage2() || it.nested()) && it.differsOnlyInOffsetOfIpa()),

    /** S2T0SZ is bounded by IAS, which is the output size of the SMMU; QEMU bounds it by that of S2PS. */
    INPUT_BOUNDED_BY_S2PS(it ->
            it.narrow() && !it.bypass() && !it.qemu().completed() && it.qemu().event() == EventId.C_BAD_STE),

    /** QEMU does not record that stage 2 forbids an access to what its TLB has already. */
    PERMISSION_OF_A_HIT_UNRECORDED(it -> it.stage2()
            && it.verdict().equals("F_PERMISSION")
            && it.isForbiddenByLeaf()
            && !it.qemu().completed()
            && it.qemu().event() == 0),

    /** F_CD_FETCH: QEMU writes the fetch address where other records have the input address, not into the fourth word. */
    PLACE_OF_CD_FETCH_ADDRESS(it -> it.model().event() == EventId.F_CD_FETCH
            && it.qemu().event() == EventId.F_CD_FETCH
            && !it.qemu().completed()
            && it.qemu().record()[0] == it.model().record()[0]
            && it.qemu().record()[2] == it.model().record()[3]),

    /** Reference: 7.2 ignores AF, and goes on to judge the permission. */
    ACCESS_FLAG_IGNORED(it -> it.old()
            && it.verdict().equals("F_ACCESS")
            && (it.qemuGoesOn() || it.qemu().event() == EventId.F_PERMISSION)),

    /** Reference: 7.2 ignores output sizes; the access goes on to its permission and to an address without memory. */
    OUTPUT_SIZE_IGNORED(it -> it.old()
            && it.verdict().equals("F_ADDR_SIZE")
            && !it.qemu().completed()
            && (it.qemu().event() == 0 || it.qemu().event() == EventId.F_PERMISSION)),

    /** The architecture judges the output size before AF and permission (rule 25 of the reference), QEMU 10 after both. */
    OUTPUT_SIZE_LAST(it -> !it.old()
            && it.verdict().equals("F_ADDR_SIZE")
            && !it.qemu().completed()
            && (it.qemu().event() == EventId.F_ACCESS || it.qemu().event() == EventId.F_PERMISSION)),

    /** A bypassed stream's address beyond the output size is F_ADDR_SIZE; QEMU lets it pass, and no memory answers. */
    OUTPUT_SIZE_OF_BYPASS(it -> it.bypass()
            && it.verdict().equals("F_ADDR_SIZE")
            && !it.qemu().completed()
            && it.qemu().event() == 0),

    /** QEMU does not look at the permission of unprivileged accesses. */
    UNPRIVILEGED_ACCESS(it -> it.verdict().equals("F_PERMISSION") && it.isForPrivileged() && it.qemuGoesOn()),

    /** What stage 1 should have forbidden, by its leaf or by a table, and QEMU lets pass, may still meet stage 2. */
    STAGE_2_AFTER_STAGE_1(it -> it.nested()
            && it.verdict().equals("F_PERMISSION")
            && (it.isForPrivileged() || it.write() && it.hasReadOnlyTable() && it.isWritableLeaf())
            && !it.qemu().completed()
            && (it.qemu().event() == 0 || it.qemu().isOfStage2())),

    /** What a write has brought into QEMU's TLB serves a read too, though stage 2 lets nobody read it. */
    READ_OF_A_HIT(it -> it.nested()
            && !it.write()
            && it.verdict().equals("F_PERMISSION")
            && !it.isForPrivileged()
            && it.qemu().completed()),

    /** QEMU does not know the IPA when stage 2 forbids a write to what its TLB has. */
    IPA_OF_A_HIT(
            it -> it.nested() && it.write() && it.verdict().equals("F_PERMISSION") && it.differsOnlyInMissingIpa()),

    /** QEMU judges a table's permission where it meets it, before it knows whether there is a leaf. */
    TABLE_PERMISSION_FIRST(it -> it.write()
            && it.hasReadOnlyTable()
            && !it.verdict().equals("F_PERMISSION")
            && !it.qemu().completed()
            && it.qemu().event() == EventId.F_PERMISSION),

    /** What a table forbids is not in QEMU's TLB: once a read has filled it, a write passes that no table allows. */
    TABLE_PERMISSION_FORGOTTEN(it -> it.write()
            && it.hasReadOnlyTable()
            && it.verdict().equals("F_PERMISSION")
            && it.isWritableLeaf()
            && it.qemuGoesOn()),

    /** Reference: QEMU takes L1STD.Span for one more than it is, so that a table has twice its streams. */
    SPAN_DOUBLED(it -> it.doubleSpan() && it.verdict().equals("C_BAD_STREAMID")),

    /** Reference: a stream behind its second-level table, or without one, is C_BAD_STE in QEMU. */
    STREAM_BEHIND_ITS_TABLE(it -> it.twoLevel()
            && it.verdict().equals("C_BAD_STREAMID")
            && !it.qemu().completed()
            && it.qemu().event() == EventId.C_BAD_STE),

    /** Reference: QEMU records C_BAD_STREAMID whatever CR2.RECINVSID says. */
    RECINVSID_IGNORED(it -> it.verdict().equals("C_BAD_STREAMID")
            && it.model().events().isEmpty()
            && !it.qemu().completed()
            && it.qemu().event() == EventId.C_BAD_STREAMID);

    private final Predicate<Evidence> isIt;

    Departure(Predicate<Evidence> isIt) {
        this.isIt = isIt;
    }

    boolean explains(Evidence evidence) {
        return isIt.test(evidence);
    }
}
