package org.sluice.smmuv3.model;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.util.List;
import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.GatosAddr;
import org.sluice.smmuv3.arch.GatosCtrl;
import org.sluice.smmuv3.arch.GatosSid;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.Registers;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What Jazzer runs: a guest and a device whose every bit the fuzzer chooses. It fails on any exception that escapes, on an
 * outcome that is none, on an explanation that contradicts what a transaction meets, and, by Jazzer's own clock, on a loop
 * without an end.
 */
public final class GuestFuzzer {
    private static final long BASE = 0x8000_0000L;
    private static final int SLOTS = 16;
    private static final long PAGE = 4096;
    private static final long STREAMS = BASE;
    private static final long CONTEXTS = BASE + PAGE;
    private static final long COMMANDS = BASE + 2 * PAGE;
    private static final long EVENTS = BASE + 3 * PAGE;
    private static final long PAGES = BASE + 4 * PAGE;
    private static final int QUEUE_BITS = 4;
    private static final int STEPS = 200;

    private final FuzzedDataProvider data;
    private final PhysicalMemory memory;
    private final ExplainingModel model;
    private final RegisterFile registers;

    private GuestFuzzer(FuzzedDataProvider data) {
        this.data = data;
        memory = new ResidentMemoryFactory().create(List.of(new MemoryRegion(BASE, SLOTS * PAGE)));
        // nobody would resume a stall
        Map<String, Object> properties = Map.of(
                "profile", "everything-on",
                "idr0.STALL_MODEL", 1,
                "idr5.STALL_MAX", 0,
                "tlb.entries", 16,
                "tlb.contiguous", data.consumeBoolean(),
                "config.entries", 8,
                "statistics.streams", 4);
        model = (ExplainingModel)
                new Smmuv3ModelFactory().create(new ModelRequest("smmu0", memory, memory, line -> {}, properties));
        registers = model.registers();
    }

    /** One run. */
    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        new GuestFuzzer(data).run();
    }

    private void run() {
        // mostly from a set-up that translates, as little is reached without one
        if (data.consumeInt(0, 7) != 0) {
            setUp();
        }
        for (int step = 0; step < STEPS && data.remainingBytes() > 0; step++) {
            switch (data.consumeInt(0, 9)) {
                case 0 -> register();
                case 1 -> structure(STREAMS, Smmu.stage1Word0(0) & ~0xf_ffff_ffff_fff0L | CONTEXTS);
                case 2 -> structure(CONTEXTS, Smmu.cdWord0(1));
                case 3, 4 -> descriptor();
                case 5 -> command();
                case 6 -> ats();
                case 7 -> gatos();
                default -> access();
            }
        }
    }

    private void setUp() {
        long[] ste = {Smmu.stage1Word0(0) & ~0xf_ffff_ffff_fff0L | CONTEXTS, 0, Smmu.stage2Word2(7), PAGES};
        for (int i = 0; i < ste.length; i++) {
            memory.write64(STREAMS + 8L * i, ste[i]);
        }
        memory.write64(CONTEXTS, Smmu.cdWord0(1));
        memory.write64(CONTEXTS + 8, PAGES);
        registers.write64(StrtabBase.ADDRESS, STREAMS);
        registers.write32(StrtabBaseCfg.ADDRESS, 4);
        registers.write64(CmdqBase.ADDRESS, COMMANDS | QUEUE_BITS);
        registers.write64(EventqBase.ADDRESS, EVENTS | QUEUE_BITS);
        registers.write64(PriqBase.ADDRESS, EVENTS + PAGE / 2 | QUEUE_BITS);
        registers.write32(Cr0.ADDRESS, (int)
                (Cr0.SMMUEN_MASK | Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.PRIQEN_MASK | Cr0.ATSCHK_MASK));
    }

    /** Any word, but often a pointer into the little memory there is, with some flags. */
    private long word() {
        return switch (data.consumeInt(0, 3)) {
            case 0 -> data.consumeLong();
            case 1 -> 0;
            default -> BASE + data.consumeInt(0, SLOTS - 1) * PAGE | data.consumeInt(0, 0xfff);
        };
    }

    private void register() {
        long offset = data.consumeBoolean()
                ? Registers.ALL
                        .get(data.consumeInt(0, Registers.ALL.size() - 1))
                        .address()
                : data.consumeInt(0, 0x10200);
        if (data.consumeBoolean()) {
            registers.write32(offset, (int) word());
        } else {
            registers.write64(offset & -8, word());
        }
        registers.read32(offset);
        registers.read64(offset & -8);
        registers.write32(Gerrorn.ADDRESS, registers.read32(Gerror.ADDRESS));
    }

    private void structure(long table, long first) {
        long at = table + 64L * data.consumeInt(0, 3);
        memory.write64(at, data.consumeBoolean() ? first ^ 1L << data.consumeInt(0, 63) : data.consumeLong());
        int words = data.consumeInt(0, 7);
        for (int i = 1; i <= words; i++) {
            memory.write64(at + 8L * i, word());
        }
        queue(data.consumeBoolean() ? 4 : 6, 31);
    }

    private void descriptor() {
        memory.write64(PAGES + 8L * data.consumeInt(0, (int) ((SLOTS - 4) * PAGE / 8) - 1), word());
    }

    private void command() {
        queue(data.consumeLong(), word());
    }

    private void queue(long word0, long word1) {
        int producer = registers.read32(CmdqProd.ADDRESS);
        long slot = COMMANDS + (long) (producer & (1 << QUEUE_BITS) - 1) * CmdSync.BYTES;
        memory.write64(slot, word0);
        memory.write64(slot + 8, word1);
        registers.write32(CmdqProd.ADDRESS, producer + 1);
        registers.write32(Gerrorn.ADDRESS, registers.read32(Gerror.ADDRESS));
    }

    private void gatos() {
        registers.write64(GatosSid.ADDRESS, data.consumeInt(0, 3) | (data.consumeBoolean() ? 1L << 52 : 0));
        registers.write64(GatosAddr.ADDRESS, data.consumeLong());
        registers.write32(GatosCtrl.ADDRESS, 1);
        check(registers.read32(GatosCtrl.ADDRESS) == 0, "GATOS_CTRL.RUN stays");
    }

    private int substream() {
        return data.consumeBoolean() ? Dma.NO_PASID : data.consumeInt(0, 4);
    }

    private long address() {
        return data.consumeBoolean() ? data.consumeLong() : data.consumeLong(0, 1 << 23);
    }

    private void ats() {
        AtsModel ats = model.ats().orElseThrow();
        int flags = data.consumeInt(0, 0x1ff);
        if (data.consumeBoolean()) {
            ats.requestTranslation(data.consumeInt(0, 3), substream(), address() & -PAGE, flags);
        } else {
            ats.transactTranslated(data.consumeInt(0, 3), address() & -PAGE, flags & 0x103, new byte[16], 0, 16);
        }
    }

    private void access() {
        int sid = data.consumeInt(-1, 17);
        int substream = substream();
        long iova = address();
        int flags = data.consumeInt(0, 3) | (data.consumeBoolean() ? 0x100 : 0);
        int length = (int) Math.min(data.consumeInt(1, 64), PAGE - (iova & PAGE - 1));
        Explanation explanation = model.explain(sid, substream, iova, flags);
        Translation expected = model.translate(sid, substream, iova, flags);
        check(expected.equals(explanation.translation()), "explanation and translation differ");
        int outcome = model.transact(sid, substream, iova, flags, new byte[length], 0, length);
        check(outcome == Dma.OK || outcome == Dma.ABORT || outcome == Dma.RAZ_WI, "no outcome");
        boolean reached = expected.outcome() == Translation.Outcome.TRANSLATED
                || expected.outcome() == Translation.Outcome.BYPASSED;
        check(reached || outcome != Dma.OK, "a refused access reached memory");
        if (outcome == Dma.OK) {
            check(memory.contains(expected.address(), length), "an access outside memory completed");
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
