package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;

/** A command vector: what is cached before, and what still is after. */
record VectorCommand(Vector vector, Smmu smmu) {
    private static final Pattern RANGE = Pattern.compile("\\[(0x\\w+),(0x\\w+)\\)");
    private static final Pattern LEVEL = Pattern.compile("level-(\\d)");
    private static final Pattern STREAMS = Pattern.compile("SIDs (0x\\w+)\\.\\.(0x\\w+)");
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;

    void run() {
        String expected = vector.expected();
        Matcher range = RANGE.matcher(expected);
        Matcher streams = STREAMS.matcher(expected);
        int opcode = (int) CmdSync.opcode(vector.input()[0]);
        if (expected.startsWith("CERROR_ILL")) {
            issue();
            assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
            assertThat(smmu.commandsConsumed()).isFalse();
        } else if (opcode == Opcode.ATC_INV || opcode == Opcode.PRI_RESP) {
            new VectorAts(vector, smmu).check();
        } else if (range.find()) {
            invalidates(Long.decode(range.group(1)), Long.decode(range.group(2)));
        } else if (expected.startsWith("single address")) {
            long address = vector.expectedAfter("single address ");
            invalidates(address, address + 4096);
        } else if (streams.find()) {
            invalidatesStreams(Integer.decode(streams.group(1)), Integer.decode(streams.group(2)));
        } else if (expected.startsWith("write32")) {
            issue();
            assertThat(smmu.memory.read32(vector.expectedAfter("@"))).isEqualTo((int) vector.expectedAfter("write32 "));
            assertThat(smmu.commandsConsumed()).isTrue();
        } else {
            // legal, with no effect that this state shows
            issue();
            assertThat(smmu.commandError()).as(expected).isEqualTo(CmdqCons.ERR_NONE);
            assertThat(smmu.commandsConsumed()).isTrue();
        }
    }

    private boolean isStage2() {
        return CmdSync.opcode(vector.input()[0]) == Opcode.TLBI_S2_IPA;
    }

    private void issue() {
        smmu.command(vector.input()[0], vector.input()[1]);
    }

    private void invalidates(long first, long end) {
        int granule = new int[] {12, 12, 14, 16}[(int) CmdTlbiNhVa.tg(vector.input()[1])];
        // TG0 and S2TG
        int encoded = new int[] {0, 2, 1}[(granule - 12) / 2];
        Matcher named = LEVEL.matcher(vector.expected());
        int level = named.find() ? Integer.parseInt(named.group(1)) : 3;
        long size = 1L << granule + (3 - level) * (granule - 3);
        long word0 = ContextDescriptor.withTg0(Smmu.cdWord0((int) CmdTlbiNhVa.asid(vector.input()[0])), encoded);
        int vmid = (int) CmdTlbiNhVa.vmid(vector.input()[0]);
        if (isStage2()) {
            long word2 = Smmu.stage2Word2(vmid);
            smmu.stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, StreamTableEntry.withS2tg(word2, encoded));
        } else {
            smmu.ste(Smmu.SID, Smmu.stage1Word0(0), 0, vmid).cd(0, word0, Smmu.ROOT);
        }
        List<Long> pages = new ArrayList<>();
        for (long at : new long[] {first - size, first, first + (end - first) / 2, end - size, end}) {
            long page = at & -size;
            if (!pages.contains(page) && page >= 0) {
                pages.add(page);
            }
        }
        point(pages, granule, level, OLD);
        pages.forEach(page -> assertThat(smmu.read(page)).isEqualTo(Dma.OK));
        point(pages, granule, level, NEW);
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

    private void invalidatesStreams(int first, int last) {
        for (int sid = first - 1; sid <= last + 1; sid++) {
            smmu.ste(sid, 9);
            assertThat(outcome(sid)).isEqualTo(Dma.OK);
            smmu.ste(sid, 1);
            assertThat(outcome(sid)).isEqualTo(Dma.OK);
        }
        issue();
        for (int sid = first - 1; sid <= last + 1; sid++) {
            boolean inside = sid >= first && sid <= last;
            assertThat(outcome(sid)).as("StreamID 0x%x", sid).isEqualTo(inside ? Dma.ABORT : Dma.OK);
        }
    }

    private int outcome(int sid) {
        return smmu.model.transact(sid, Dma.NO_PASID, OLD, 0, new byte[4], 0, 4);
    }
}
