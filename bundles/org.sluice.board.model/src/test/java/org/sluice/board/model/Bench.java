package org.sluice.board.model;

import java.util.HashMap;
import java.util.Map;
import org.sluice.api.Counters;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PageRequest;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.bus.RegisterFile;

/** A board, and a driver of a few lines that knows it by its contracts only. Each PASID n has an own root and ASID n + 1. */
final class Bench implements AutoCloseable {
    static final int SID = 0x10;
    static final int PASID_BITS = 4;
    private static final int QUEUE_BITS = 6;
    private static final int PAGE_BYTES = 4096;
    // AF, nG, unprivileged, page
    private static final long LEAF = 0xc43;

    final ModelBoard board;
    final RegisterFile registers;
    final Dma dma;
    final DevicePort port;
    private final long streams;
    private final long commands;
    private final long contexts;
    private final long[] roots = new long[1 << PASID_BITS];
    private int producer;
    private long pageRequests;

    Bench(String inject, Object... more) {
        Map<String, Object> properties = new HashMap<>(Map.of(
                "name", "bench",
                "memory", "0x40000000+0x200000000",
                "pool", "0x40000000+0x10000000",
                "endpoints", "dma0;sid=" + SID + ";pasids=" + PASID_BITS,
                "inject", inject));
        for (int i = 0; i < more.length; i += 2) {
            properties.put((String) more[i], more[i + 1]);
        }
        board = new ModelBoard(BoardConfig.parse(properties), new ResidentMemoryFactory(), new Smmuv3ModelFactory());
        registers = board.iommus().get(0).registers();
        Endpoint endpoint = board.endpoints().get(0);
        dma = endpoint.dma();
        port = endpoint.port();
        streams = allocate(StreamTableEntry.BYTES << 8);
        commands = allocate(CmdSync.BYTES << QUEUE_BITS);
        contexts = allocate(ContextDescriptor.BYTES << PASID_BITS);
        registers.write64(StrtabBase.ADDRESS, streams);
        registers.write32(StrtabBaseCfg.ADDRESS, 8);
        registers.write64(CmdqBase.ADDRESS, commands | QUEUE_BITS);
        registers.write64(EventqBase.ADDRESS, allocate(32 << QUEUE_BITS) | QUEUE_BITS);
        registers.write32(Cr2.ADDRESS, (int) Cr2.RECINVSID_MASK);
        registers.write32(IrqCtrl.ADDRESS, (int) IrqCtrl.EVENTQ_MASK);
        for (int pasid = 0; pasid < 1 << PASID_BITS; pasid++) {
            roots[pasid] = allocate(PAGE_BYTES);
            writeContext(pasid, roots[pasid]);
        }
        writeStream(StreamTableEntry.CONFIG_S1_TRANSLATE);
        registers.write32(Cr0.ADDRESS, (int) (Cr0.SMMUEN_MASK | Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK));
    }

    long allocate(long bytes) {
        return board.allocator().allocate(bytes, PAGE_BYTES);
    }

    /** Lets the stream use ATS, and switches ATS and PRI of the IOMMU on; the device's own switches are the test's. */
    void enableAts() {
        long address = streams + (long) SID * StreamTableEntry.BYTES;
        long word1 = StreamTableEntry.withEats(StreamTableEntry.S1DSS_SSID0, StreamTableEntry.EATS_FULL);
        board.memory().write64Release(address + 8, word1);
        batch(cfgiSte(), 0, sync(), 0);
        pageRequests = allocate(PageRequest.BYTES << QUEUE_BITS);
        registers.write64(PriqBase.ADDRESS, pageRequests | QUEUE_BITS);
        registers.write32(Cr0.ADDRESS, (int) (registers.read32(Cr0.ADDRESS) | Cr0.ATSCHK_MASK | Cr0.PRIQEN_MASK));
        registers.write32(IrqCtrl.ADDRESS, (int) (IrqCtrl.EVENTQ_MASK | IrqCtrl.PRIQ_MASK));
    }

    /** The next page request, for which it waits. */
    long[] pageRequest() throws InterruptedException {
        int consumer = registers.read32(PriqCons.ADDRESS);
        while (registers.read32(PriqProd.ADDRESS) == consumer) {
            Thread.sleep(1);
        }
        long slot = pageRequests + (long) (consumer & (1 << QUEUE_BITS) - 1) * PageRequest.BYTES;
        long[] request = {board.memory().read64(slot), board.memory().read64(slot + 8)};
        registers.write32(PriqCons.ADDRESS, consumer + 1 & (2 << QUEUE_BITS) - 1);
        return request;
    }

    /** The answer to a request, with its PASID or without. */
    void respond(long[] request, long response, boolean tagged) {
        long word0 = CmdPriResp.withStreamID(CmdPriResp.OPCODE_VALUE, SID);
        if (tagged) {
            word0 = CmdPriResp.withSsv(CmdPriResp.withSubstreamID(word0, PageRequest.substreamID(request[0])), 1);
        }
        batch(word0, CmdPriResp.withResp(PageRequest.prgIndex(request[1]), response));
    }

    static long atcInv(int pasid) {
        long word0 = CmdAtcInv.withStreamID(CmdAtcInv.OPCODE_VALUE, SID);
        return CmdAtcInv.withSsv(CmdAtcInv.withSubstreamID(word0, pasid), 1);
    }

    void writeStream(long config) {
        long word0 = StreamTableEntry.withConfig(StreamTableEntry.withV(0, 1), config);
        word0 = StreamTableEntry.withS1cdMax(StreamTableEntry.withS1ContextPtr(word0, contexts), PASID_BITS);
        long address = streams + (long) SID * StreamTableEntry.BYTES;
        board.memory().write64(address + 8, StreamTableEntry.S1DSS_SSID0);
        board.memory().write64Release(address, word0);
    }

    void writeContext(int pasid, long root) {
        long word0 = ContextDescriptor.withAa64(ContextDescriptor.withV(0, 1), 1);
        word0 = ContextDescriptor.withEpd1(ContextDescriptor.withT0sz(word0, 34), 1);
        word0 = ContextDescriptor.withR(ContextDescriptor.withA(word0, 1), 1);
        word0 = ContextDescriptor.withAsid(ContextDescriptor.withIps(word0, 5), pasid + 1);
        long address = contexts + (long) pasid * ContextDescriptor.BYTES;
        board.memory().write64(address + 8, root);
        board.memory().write64Release(address, word0);
    }

    long rootOf(int pasid) {
        return roots[pasid];
    }

    /** 30 bits of input: two levels. 0 as page unmaps. */
    void map(int pasid, long iova, long page) {
        long at = roots[pasid] + (iova >>> 21) * 8;
        long table = board.memory().read64(at);
        if (table == 0) {
            table = allocate(PAGE_BYTES) | 3;
            board.memory().write64Release(at, table);
        }
        board.memory().write64Release((table & -PAGE_BYTES) + (iova >>> 12 & 511) * 8, page == 0 ? 0 : page | LEAF);
    }

    /** Queues commands as one batch and rings the bell. */
    void batch(long... words) {
        for (int i = 0; i < words.length; i += 2) {
            long slot = commands + (long) (producer & (1 << QUEUE_BITS) - 1) * CmdSync.BYTES;
            board.memory().write64(slot, words[i]);
            board.memory().write64(slot + 8, words[i + 1]);
            producer = producer + 1 & (2 << QUEUE_BITS) - 1;
        }
        registers.write32(CmdqProd.ADDRESS, producer);
    }

    boolean consumed() {
        return registers.read32(CmdqCons.ADDRESS) == producer;
    }

    static long sync() {
        return CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE);
    }

    static long tlbi(int pasid) {
        return CmdTlbiNhAsid.withAsid(CmdTlbiNhAsid.withOpcode(0, CmdTlbiNhAsid.OPCODE_VALUE), pasid + 1);
    }

    static long cfgiCd(int pasid) {
        long word0 = CmdCfgiCd.withStreamID(CmdCfgiCd.withOpcode(0, CmdCfgiCd.OPCODE_VALUE), SID);
        return CmdCfgiCd.withSubstreamID(word0, pasid);
    }

    static long cfgiSte() {
        return CmdCfgiSte.withStreamID(CmdCfgiSte.withOpcode(0, CmdCfgiSte.OPCODE_VALUE), SID);
    }

    /** The first byte that the device reads, or -1 if it does not complete. */
    int load(int pasid, long iova) {
        byte[] data = new byte[1];
        return dma.read(pasid, iova, data, 0, 1, 0) == Dma.OK ? data[0] : -1;
    }

    /** A data page whose first byte is given, and that of its neighbour one more. */
    long page(int first) {
        long pages = allocate(2 * PAGE_BYTES);
        board.memory().write8(pages, (byte) first);
        board.memory().write8(pages + PAGE_BYTES, (byte) (first + 1));
        return pages;
    }

    long counter(String name) {
        return ((Counters) board.model()).read().getOrDefault(name, 0L);
    }

    @Override
    public void close() {
        board.close();
    }
}
