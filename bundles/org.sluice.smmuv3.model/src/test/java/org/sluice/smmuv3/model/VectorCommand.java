package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.smmuv3.arch.CmdCfgiSteRange;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;

/** A command vector: what is cached before, and what still is after. */
record VectorCommand(Vector vector, Smmu smmu) {
    private static final Pattern LEVEL = Pattern.compile("level[- ](\\d)");
    private static final Pattern CHOICE = Pattern.compile("\\bor\\b|\\bmay\\b|either|permitted");
    private static final Pattern NO_ERROR = Pattern.compile("CERROR_NONE|\\b(no|not|without) (a )?CERROR");
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;
    // of either stage here
    private static final int REACHABLE_BITS = 39;
    private static final int LAST_TRIED_STREAM = 0x60;

    void run() {
        if (VectorIdentity.isSecure(vector)) {
            VectorSecureCommand.check(vector, smmu);
            return;
        }
        if (vector.says(Phrase.COMMAND_ERROR)
                && !NO_ERROR.matcher(vector.expected()).find()) {
            issue();
            checkError(vector, smmu.commandError(), smmu.commandsConsumed());
            return;
        }
        Optional<long[]> range = vector.expectedPair("\\[", ", ?", "\\)");
        OptionalLong single = vector.expectedAfter("single address");
        switch (opcode()) {
            case Opcode.ATC_INV, Opcode.PRI_RESP -> new VectorAts(vector, smmu).check();
            case Opcode.CFGI_STE, Opcode.CFGI_STE_RANGE_CFGI_ALL -> invalidatesStreams();
            case Opcode.CFGI_CD, Opcode.CFGI_CD_ALL -> new VectorInvalidation(vector, smmu).ofContexts();
            case Opcode.SYNC -> synchronizes();
            case Opcode.TLBI_NH_VA, Opcode.TLBI_NH_VAA, Opcode.TLBI_S2_IPA -> {
                if (range.isPresent()) {
                    invalidates(range.get()[0], range.get()[1]);
                } else if (single.isPresent()) {
                    invalidates(single.getAsLong(), single.getAsLong() + 4096);
                } else {
                    isLegal();
                }
            }
            case Opcode.TLBI_NH_ALL, Opcode.TLBI_NH_ASID, Opcode.TLBI_S12_VMALL, Opcode.TLBI_NSNH_ALL ->
                new VectorInvalidation(vector, smmu).ofTranslations();
            default -> isLegal();
        }
    }

    static void checkError(Vector vector, long error, boolean consumed) {
        String text = vector.expected();
        long wanted = text.contains("CERROR_ABT")
                ? CmdqCons.ERR_ABT
                : text.contains("CERROR_ATC_INV_SYNC") ? CmdqCons.ERR_ATC_INV_SYNC : CmdqCons.ERR_ILL;
        boolean choice = CHOICE.matcher(text).find();
        if (!choice || error != CmdqCons.ERR_NONE) {
            assertThat(error).isEqualTo(wanted);
        }
        assertThat(consumed).isEqualTo(error == CmdqCons.ERR_NONE);
    }

    private int opcode() {
        return (int) CmdSync.opcode(vector.input()[0]);
    }

    private boolean isStage2() {
        return opcode() == Opcode.TLBI_S2_IPA;
    }

    private void issue() {
        smmu.command(vector.input()[0], vector.input()[1]);
    }

    // with no effect that this state shows
    private void isLegal() {
        issue();
        assertThat(smmu.commandError()).as(vector.expected()).isEqualTo(CmdqCons.ERR_NONE);
        assertThat(smmu.commandsConsumed()).isTrue();
    }

    private void synchronizes() {
        isLegal();
        OptionalLong written = vector.expectedAfter("write32");
        if (written.isPresent()) {
            long address = vector.expectedAfter("@").orElseThrow();
            assertThat(smmu.memory.read32(address)).isEqualTo((int) written.getAsLong());
            return;
        }
        // no write was tried where nothing is
        int errors = smmu.registers.read32(Gerror.ADDRESS) ^ smmu.registers.read32(Gerrorn.ADDRESS);
        assertThat(errors & Gerror.MSI_CMDQ_MASK).isZero();
        boolean interrupts = CmdSync.cs(vector.input()[0]) == CmdSync.CS_IRQ;
        assertThat(smmu.interrupts).isEqualTo(interrupts ? List.of("cmdq-sync") : List.of());
    }

    private void invalidates(long first, long end) {
        int granule = new int[] {12, 12, 14, 16}[(int) CmdTlbiNhVa.tg(vector.input()[1])];
        if (!vector.feature("RIL")) {
            granule = 12;
        }
        // TG0 and S2TG
        int encoded = new int[] {0, 2, 1}[(granule - 12) / 2];
        Matcher named = LEVEL.matcher(vector.expected());
        int level = named.find() ? Integer.parseInt(named.group(1)) : 3;
        long size = 1L << granule + (3 - level) * (granule - 3);
        long word0 = ContextDescriptor.withTg0(Smmu.cdWord0((int) CmdTlbiNhVa.asid(vector.input()[0])), encoded);
        int vmid = vector.feature("S2P") ? (int) CmdTlbiNhVa.vmid(vector.input()[0]) : 0;
        if (isStage2()) {
            long word2 = StreamTableEntry.withS2tg(Smmu.stage2Word2(vmid), encoded);
            smmu.stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, word2);
        } else {
            smmu.ste(Smmu.SID, Smmu.stage1Word0(0), 0, vmid).cd(0, word0, Smmu.ROOT);
        }
        List<Long> pages = new ArrayList<>();
        for (long at : new long[] {first - size, first, first + (end - first) / 2, end - size, end}) {
            long page = at & -size;
            if (!pages.contains(page) && page >= 0 && page >>> REACHABLE_BITS == 0) {
                pages.add(page);
            }
        }
        point(pages, granule, level, OLD);
        // also what is mapped to where there is no memory is cached
        pages.forEach(smmu::read);
        point(pages, granule, level, NEW);
        pages.forEach(page ->
                assertThat(smmu.translate(Dma.NO_PASID, page, 0).address()).isEqualTo(OLD + page));
        issue();
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();
        for (long page : pages) {
            Translation now = smmu.translate(Dma.NO_PASID, page, 0);
            boolean inside = page + size > first && page < end;
            assertThat(now.address()).as("page 0x%x", page).isEqualTo((inside ? NEW : OLD) + page);
        }
    }

    private void point(List<Long> pages, int granule, int level, long base) {
        long type = level == 3 ? Stage1Leaf.TYPE_PAGE : Stage1Leaf.TYPE_BLOCK;
        for (long page : pages) {
            if (isStage2()) {
                int start = granule == 12 ? 1 : 2;
                Tables.descend(smmu, Smmu.ROOT2, granule, start, page, level, base + page | Tables.S2_RW | type);
            } else {
                Tables.map(smmu, Smmu.ROOT, granule, 48, page, level, base + page | Tables.RW | type);
            }
        }
    }

    private void invalidatesStreams() {
        Optional<long[]> named = vector.expectedPair("SIDs? ", " ?(?:\\.\\.+|-|to) ?", "");
        OptionalLong single = vector.expectedAfter("SID");
        if (isOfAllStreams()) {
            invalidatesStreams(0, LAST_TRIED_STREAM);
        } else if (named.isPresent()) {
            invalidatesStreams((int) named.get()[0], (int) named.get()[1]);
        } else if (single.isPresent()) {
            invalidatesStreams((int) single.getAsLong(), (int) single.getAsLong());
        } else {
            isLegal();
        }
    }

    private boolean isOfAllStreams() {
        return opcode() == Opcode.CFGI_STE_RANGE_CFGI_ALL
                && CmdCfgiSteRange.range(vector.input()[1]) == CmdCfgiSteRange.RANGE_MASK;
    }

    private void invalidatesStreams(int first, int last) {
        int from = Math.max(0, first - 1);
        int to = Math.min(LAST_TRIED_STREAM, last + 1);
        for (int sid = from; sid <= to; sid++) {
            smmu.ste(sid, 9);
            assertThat(outcome(sid)).isEqualTo(Dma.OK);
            smmu.ste(sid, 1);
            assertThat(outcome(sid)).isEqualTo(Dma.OK);
        }
        isLegal();
        for (int sid = from; sid <= to; sid++) {
            boolean inside = sid >= first && sid <= last;
            assertThat(outcome(sid)).as("StreamID 0x%x", sid).isEqualTo(inside ? Dma.ABORT : Dma.OK);
        }
    }

    private int outcome(int sid) {
        return smmu.model.transact(sid, Dma.NO_PASID, OLD, 0, new byte[4], 0, 4);
    }
}
