package org.sluice.vendor.msm.gpu;

import java.util.Arrays;
import org.sluice.adreno.arch.EventWrite;
import org.sluice.adreno.arch.MemToReg;
import org.sluice.adreno.arch.MemWrite;
import org.sluice.adreno.arch.PacketHeader;
import org.sluice.adreno.arch.SmmuTableUpdate;
import org.sluice.api.ClientTable;

/**
 * Packets for a {@link Gpu}, as its ring holds them: PM4 type 7. One thread; methods append and return the stream.
 */
public final class CommandStream {
    private int[] words = new int[64];
    private int count;

    /** An empty stream. */
    public CommandStream() {}

    /**
     * Stores words (CP_MEM_WRITE).
     *
     * @param iova where to, in bytes, multiple of 4
     * @param values what
     * @return this
     */
    public CommandStream store(long iova, int... values) {
        header(PacketHeader.OPCODE_MEM_WRITE, 2 + values.length);
        wide(MemWrite.withAddress(0, iova));
        for (int value : values) {
            word(value);
        }
        return this;
    }

    /**
     * Loads words into registers (CP_MEM_TO_REG).
     *
     * @param register index of the first register
     * @param iova where from, in bytes, multiple of 4
     * @param length words
     * @return this
     */
    public CommandStream load(int register, long iova, int length) {
        header(PacketHeader.OPCODE_MEM_TO_REG, 3);
        long first = MemToReg.withCount(MemToReg.withRegister(0, register), length);
        wide(MemToReg.withAddressLow(first, iova & 0xffffffffL));
        word((int) (iova >>> Integer.SIZE));
        return this;
    }

    /**
     * Loads another table into the lower half (CP_SMMU_TABLE_UPDATE).
     *
     * @param table what the io_mm says
     * @return this
     */
    public CommandStream switchTable(ClientTable table) {
        header(PacketHeader.OPCODE_SMMU_TABLE_UPDATE, 4);
        wide(SmmuTableUpdate.withAsid(table.root() & SmmuTableUpdate.TTBR0_MASK, table.asid()));
        long second = SmmuTableUpdate.withContextidr(0, table.contextIdr() & 0xffffffffL);
        wide(SmmuTableUpdate.withContextBank(second, table.bank()));
        return this;
    }

    /**
     * Writes a sequence number once everything before is done (CP_EVENT_WRITE).
     *
     * @param iova where to, in bytes, multiple of 4
     * @param sequence the number
     * @return this
     */
    public CommandStream fence(long iova, int sequence) {
        header(PacketHeader.OPCODE_EVENT_WRITE, 4);
        long first = EventWrite.withTimestamp(EventWrite.withEvent(0, EventWrite.EVENT_CACHE_FLUSH_TS), 1);
        wide(EventWrite.withAddressLow(first, iova & 0xffffffffL));
        long second = EventWrite.withAddressHigh(0, iova >>> Integer.SIZE);
        wide(EventWrite.withSequence(second, sequence & 0xffffffffL));
        return this;
    }

    /**
     * Everything of another stream.
     *
     * @param other left as it is
     * @return this
     */
    public CommandStream append(CommandStream other) {
        for (int i = 0; i < other.count; i++) {
            word(other.words[i]);
        }
        return this;
    }

    /**
     * The stream as memory holds it.
     *
     * @return words
     */
    public int[] words() {
        return Arrays.copyOf(words, count);
    }

    private void header(long opcode, int payload) {
        long header = PacketHeader.withType(0, PacketHeader.TYPE_TYPE7);
        header = PacketHeader.withOpcodeParity(PacketHeader.withOpcode(header, opcode), oddParity(opcode));
        header = PacketHeader.withCountParity(PacketHeader.withCount(header, payload), oddParity(payload));
        word((int) header);
    }

    static int oddParity(long value) {
        return Long.bitCount(value) & 1 ^ 1;
    }

    private void wide(long value) {
        word((int) value);
        word((int) (value >>> Integer.SIZE));
    }

    private void word(int value) {
        if (count == words.length) {
            words = Arrays.copyOf(words, 2 * count);
        }
        words[count++] = value;
    }
}
