package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sluice.layout.Layout;
import org.sluice.layout.Register;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.L1StreamTableDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.Explanation.Kind;
import org.sluice.spi.board.Explanation.Step;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Descriptor;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/** The steps of one translation, written by who makes them. Of one thread. Whoever has none of these writes nothing. */
final class Trace {
    private final List<Step> steps = new ArrayList<>();
    private int descriptors;
    private Translation translation = new Translation(Translation.Outcome.ABORTED, 0, 0, "");
    private MemoryAttributes attributes;

    /** All that was written; an abort without an event, unless another outcome was. */
    Explanation explanation(int streamId, int substreamId, long iova, int flags) {
        return new Explanation(streamId, substreamId, iova, flags, translation, attributes, steps);
    }

    /** All that was written, with the answer to an inquiry. */
    Explanation explanation(int streamId, int substreamId, long iova, int flags, Inquiry.Answer answer) {
        return new Explanation(
                streamId, substreamId, iova, flags, answer.translation(), answer.memoryAttributes(), steps);
    }

    /** Outcome: through tables. */
    void translated(long leaf, long iova, int attributeBits, int flags) {
        translation =
                new Translation(Translation.Outcome.TRANSLATED, Leaf.output(leaf, iova), 1L << Leaf.log2size(leaf), "");
        attributes = Attributes.decode(attributeBits, flags);
    }

    /** Outcome: untranslated. */
    void bypassed(long iova, AttributeOverrides overrides, int flags) {
        rule("bypass", "the output address is the input address");
        translation = new Translation(Translation.Outcome.BYPASSED, iova, 0, "");
        attributes = Attributes.decode(overrides.attributes(), overrides.flags(flags));
    }

    /** Outcome: an event, unless it is not recorded. */
    void faulted(int event) {
        translation = new Translation(Translation.Outcome.FAULTED, 0, 0, EventId.name(event));
    }

    /** A register that decided. */
    void register(Register register, long value) {
        Layout layout = register.layout();
        steps.add(new Step(
                Kind.REGISTER,
                layout.name(),
                register.address(),
                List.of(value),
                layout.describe(new long[] {value}, 0)));
    }

    /** A structure of the configuration was read. */
    void structure(String subject, long address, long... words) {
        Layout layout = switch (subject) {
            case "STE" -> StreamTableEntry.LAYOUT;
            case "CD" -> ContextDescriptor.LAYOUT;
            case "L1STD" -> L1StreamTableDescriptor.LAYOUT;
            default -> L1ContextDescriptor.LAYOUT;
        };
        List<Long> read = Arrays.stream(words).boxed().toList();
        steps.add(new Step(Kind.STRUCTURE, subject, address, read, layout.describe(words, 0)));
    }

    /** A descriptor of a translation table was read. */
    void descriptor(int stage, int level, long address, long descriptor) {
        descriptors++;
        boolean last = level == Granule.LAST_LEVEL;
        boolean table = !last && TableDescriptor.type(descriptor) == TableDescriptor.TYPE_TABLE;
        Layout layout = table ? TableDescriptor.LAYOUT : stage == 1 ? Stage1Leaf.LAYOUT : Stage2Leaf.LAYOUT;
        if (Descriptor.valid(descriptor) == 0) {
            layout = Descriptor.LAYOUT;
        }
        steps.add(new Step(
                Kind.DESCRIPTOR,
                "stage " + stage + " level " + level,
                address,
                List.of(descriptor),
                layout.describe(new long[] {descriptor}, 0)));
    }

    /** The TLB answered. */
    void hit(int stage, long address, long leaf) {
        String text = String.format(
                "0x%x is in a leaf of 2^%d bytes at 0x%x",
                address, Leaf.log2size(leaf), Leaf.output(leaf, address & -1L << Leaf.log2size(leaf)));
        steps.add(new Step(Kind.CACHE, "TLB of stage " + stage, 0, List.of(), text));
    }

    /** The configuration cache answered. */
    void cachedConfiguration() {
        steps.add(new Step(Kind.CACHE, "configuration cache", 0, List.of(), "STE and CD were fetched before"));
    }

    /** A rule decided. */
    void rule(String subject, String text) {
        steps.add(new Step(Kind.RULE, subject, 0, List.of(), text));
    }

    /** A fault of a translation, and why. */
    void fault(long fault) {
        int event = Leaf.event(fault);
        boolean second = Leaf.isStage2Fault(fault);
        String subject = second ? "stage 2" : "stage 1";
        String text = switch (event) {
            case EventId.F_WALK_EABT -> String.format("the read of 0x%x aborted", Leaf.faultAddress(fault));
            case EventId.F_TRANSLATION ->
                descriptors == 0
                        ? "the address is in no half, or its walks are disabled, or it may not be reached unprivileged"
                        : "the descriptor is invalid, or a block where there can be none";
            case EventId.F_ADDR_SIZE -> "the output address has more bits than the output size";
            case EventId.F_ACCESS -> "AF is 0";
            case EventId.F_TLB_CONFLICT -> "the address is in more than one TLB entry";
            default -> "the access is not permitted";
        };
        rule(subject, text + (second ? String.format("; IPA 0x%x", Leaf.faultAddress(fault)) : ""));
    }

    /** The event that is recorded, or would be. */
    void event(EventRecord event) {
        steps.add(new Step(
                Kind.EVENT,
                EventId.name(event.number()),
                0,
                List.of(event.word0(), event.word1(), event.word2(), event.word3()),
                event.describe()));
    }
}
