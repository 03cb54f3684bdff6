package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * A vector of a legal command that invalidates by stream, VMID or ASID and not by address: entries of each are made, and what
 * the command covers by its operands is gone, and nothing else.
 */
record VectorInvalidation(Vector vector, Smmu smmu) {
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;
    private static final long OWN = 0x1000;
    private static final long GLOBAL = 0x2000;
    private static final int SUBSTREAM_BITS = 2;

    private void issue() {
        smmu.command(vector.input()[0], vector.input()[1]);
        assertThat(smmu.commandError()).as(vector.expected()).isZero();
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();
    }

    private long address(int sid, int substream, long iova) {
        byte[] data = new byte[4];
        return smmu.model.transact(sid, substream, iova, 0, data, 0, 4) == Dma.OK
                ? smmu.model.translate(sid, substream, iova, 0).address() - iova
                : -1;
    }

    /** CFGI_CD and CFGI_CD_ALL. */
    void ofContexts() {
        int named = (int) CmdCfgiCd.streamID(vector.input()[0]);
        int other = named ^ 1;
        for (int sid : new int[] {named, other}) {
            smmu.ste(sid, Smmu.stage1Word0(SUBSTREAM_BITS));
        }
        smmu.map(Smmu.ROOT, OWN, OLD + OWN, Tables.RW);
        for (int index = 0; index < 1 << SUBSTREAM_BITS; index++) {
            smmu.cd(index, Smmu.cdWord0(index + 1), Smmu.ROOT);
            assertThat(address(named, index, OWN)).isEqualTo(OLD);
            assertThat(address(other, index, OWN)).isEqualTo(OLD);
            smmu.cd(index, 0);
        }
        issue();
        boolean all = CmdCfgiCd.opcode(vector.input()[0]) == Opcode.CFGI_CD_ALL;
        for (int index = 0; index < 1 << SUBSTREAM_BITS; index++) {
            boolean gone = all || index == CmdCfgiCd.substreamID(vector.input()[0]);
            assertThat(address(named, index, OWN)).as("CD %d", index).isEqualTo(gone ? -1 : OLD);
            assertThat(address(other, index, OWN)).isEqualTo(OLD);
        }
    }

    /** TLBI of all of something. */
    void ofTranslations() {
        int opcode = (int) CmdTlbiNhAsid.opcode(vector.input()[0]);
        boolean vmids = vector.feature("S2P");
        int vmid = vmids ? (int) CmdTlbiNhAsid.vmid(vector.input()[0]) : 0;
        int asid = (int) CmdTlbiNhAsid.asid(vector.input()[0]);
        stream(0, vmid, asid);
        stream(1, vmid, asid ^ 1);
        stream(2, vmid ^ 1, asid);
        point(OLD);
        for (int sid = 0; sid < 3; sid++) {
            assertThat(address(sid, Dma.NO_PASID, OWN)).isEqualTo(OLD);
            assertThat(address(sid, Dma.NO_PASID, GLOBAL)).isEqualTo(OLD);
        }
        point(NEW);
        issue();
        for (int sid = 0; sid < 3; sid++) {
            boolean sameVmid = sid < 2 || !vmids;
            boolean sameAsid = sid != 1;
            boolean byAsid = opcode == Opcode.TLBI_NH_ASID;
            boolean covered = opcode == Opcode.TLBI_NSNH_ALL || sameVmid;
            assertThat(address(sid, Dma.NO_PASID, OWN))
                    .as("stream %d of its own", sid)
                    .isEqualTo(covered && (sameAsid || !byAsid) ? NEW : OLD);
            assertThat(address(sid, Dma.NO_PASID, GLOBAL))
                    .as("stream %d global", sid)
                    .isEqualTo(covered && !byAsid ? NEW : OLD);
        }
    }

    private void stream(int sid, int vmid, int asid) {
        long context = Smmu.CONTEXTS + sid * 64L;
        smmu.ste(sid, StreamTableEntry.withS1ContextPtr(Smmu.stage1Word0(0), context), 0, vmid);
        smmu.cd(sid, Smmu.cdWord0(asid), Smmu.ROOT);
    }

    private void point(long base) {
        smmu.map(Smmu.ROOT, OWN, base + OWN, Tables.RW);
        smmu.map(Smmu.ROOT, GLOBAL, base + GLOBAL, Tables.RW & ~Stage1Leaf.NG_MASK);
    }
}
