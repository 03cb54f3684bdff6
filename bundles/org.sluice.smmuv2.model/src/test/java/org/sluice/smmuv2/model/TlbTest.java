package org.sluice.smmuv2.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.STlbGsync;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TlbiAllNsnh;
import org.sluice.smmuv2.arch.TlbiAsid;
import org.sluice.smmuv2.arch.TlbiIpaS2;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TlbiVaa;
import org.sluice.smmuv2.arch.TlbiVmid;
import org.sluice.smmuv2.arch.TranslationTableBase0;

/** Staleness is real, and each invalidation reaches what the architecture says: never less. */
@Timeout(120)
class TlbTest {
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;
    private static final int BANK = 5;
    private static final int ASID = 6;

    private final Smmu smmu = new Smmu().enable();
    private final long root = smmu.table();

    private TlbTest() {
        smmu.stream(0, Smmu.SID, BANK).stage1(BANK, ASID, root);
        smmu.map(root, IOVA, PAGE | Smmu.RW);
        smmu.memory.write32(PAGE, 1);
        smmu.memory.write32(PAGE + 0x1000, 2);
        assertThat(smmu.word(Smmu.SID, IOVA)).isOne();
        smmu.map(root, IOVA, PAGE + 0x1000 | Smmu.RW);
    }

    private long now() {
        return smmu.word(Smmu.SID, IOVA);
    }

    @Test
    void aChangedDescriptorCountsAfterItsInvalidationOnly() {
        assertThat(now()).isOne();
        smmu.invalidate(BANK, IOVA + 0x1000, ASID);
        assertThat(now()).as("another page").isOne();
        smmu.invalidate(BANK, IOVA, ASID + 1);
        assertThat(now()).as("another ASID").isOne();
        smmu.invalidate(BANK, IOVA, ASID);
        assertThat(now()).isEqualTo(2);
    }

    @Test
    void everyWiderInvalidationReachesIt() {
        List<Runnable> operations = List.of(
                () -> smmu.write64(BANK, TlbiVaa.OFFSET, IOVA >>> 12),
                () -> smmu.write(BANK, TlbiAsid.OFFSET, ASID),
                () -> smmu.write(BANK, TlbiAll.OFFSET, 0),
                () -> smmu.registers.write32(TlbiVmid.OFFSET, BANK + 1),
                () -> smmu.registers.write32(TlbiAllNsnh.OFFSET, 0));
        int page = 0;
        for (Runnable operation : operations) {
            long old = page == 0 ? 1 : 2;
            assertThat(now()).isEqualTo(old);
            operation.run();
            smmu.registers.write32(STlbGsync.OFFSET, 0);
            assertThat(now()).isEqualTo(3 - old);
            smmu.map(root, IOVA, PAGE + 0x1000L * page | Smmu.RW);
            page ^= 1;
        }
    }

    @Test
    void aGlobalLeafSurvivesItsAsidAndNotItsAddress() {
        smmu.map(root, IOVA + 0x2000, PAGE | Smmu.RW & ~(1L << 11));
        assertThat(smmu.word(Smmu.SID, IOVA + 0x2000)).isOne();
        smmu.map(root, IOVA + 0x2000, PAGE + 0x1000 | Smmu.RW & ~(1L << 11));
        smmu.write(BANK, TlbiAsid.OFFSET, ASID);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x2000)).isOne();
        smmu.invalidate(BANK, IOVA + 0x2000, 99);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x2000)).isEqualTo(2);
    }

    @Test
    void entriesOfATableThatIsNotLoadedSurviveTheSwitchAndGoByAsid() {
        long other = smmu.table();
        smmu.map(other, IOVA, PAGE + 0x2000 | Smmu.RW);
        smmu.memory.write32(PAGE + 0x2000, 3);
        smmu.write64(BANK, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(other, ASID + 1));
        assertThat(now()).isEqualTo(3);
        // the first table is not active: its entry is stale, and its ASID invalidates it
        smmu.write64(BANK, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(root, ASID));
        smmu.map(root, IOVA + 0x3000, PAGE | Smmu.RW);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x3000)).isOne();
        smmu.write64(BANK, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(other, ASID + 1));
        smmu.map(root, IOVA + 0x3000, PAGE + 0x1000 | Smmu.RW);
        smmu.write(BANK, TlbiAsid.OFFSET, ASID);
        smmu.write(BANK, TlbSync.OFFSET, 0);
        smmu.write64(BANK, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(root, ASID));
        assertThat(smmu.word(Smmu.SID, IOVA + 0x3000)).isEqualTo(2);
    }

    @Test
    void anInvalidationOfOnePageOfABlockTakesAllOfIt() {
        long level2 = smmu.memory.read64(root) & 0xffff_ffff_f000L;
        long block = 0x1240_0000L;
        smmu.memory.write64(level2 + (block >>> 21) * 8, 0x0060_0000_8120_0f45L);
        assertThat(smmu.word(Smmu.SID, block + 0x3_4000)).isOne();
        assertThat(smmu.word(Smmu.SID, block + 0x3_5000)).isEqualTo(2);
        smmu.memory.write64(level2 + (block >>> 21) * 8, 0);
        smmu.invalidate(BANK, block, ASID);
        assertThat(smmu.word(Smmu.SID, block + 0x3_4000)).isEqualTo(-1);
    }

    @Test
    void stage2EntriesGoByIntermediateAddress() {
        long second = smmu.table();
        smmu.stream(1, 9, 2).stage2(2, 3, second);
        smmu.map(second, IOVA, PAGE | Smmu.RW2);
        assertThat(smmu.word(9, IOVA)).isOne();
        smmu.map(second, IOVA, PAGE + 0x1000 | Smmu.RW2);
        smmu.write64(2, TlbiIpaS2.OFFSET, IOVA + 0x1000 >>> 12);
        assertThat(smmu.word(9, IOVA)).isOne();
        smmu.write64(2, TlbiIpaS2.OFFSET, IOVA >>> 12);
        smmu.write(2, TlbSync.OFFSET, 0);
        assertThat(smmu.word(9, IOVA)).isEqualTo(2);
    }

    /** Stage 2 maps all to itself in one block, so that the tables of stage 1 are reached. */
    @Test
    void entriesOfBothStagesDoNotGoByIntermediateAddress() {
        long second = smmu.table();
        smmu.stage2(2, 3, second);
        long cbar = ContextBankAttribute.withCbndx(
                ContextBankAttribute.withType(0, ContextBankAttribute.TYPE_STAGE1_STAGE2), 2);
        smmu.registers.write32(0x1000 + 4 * BANK, (int) cbar);
        smmu.memory.write64(second + 2 * 8, 0x8000_0000L | Smmu.RW2 & ~2);
        assertThat(smmu.word(Smmu.SID, IOVA)).isEqualTo(2);
        smmu.memory.write64(second + 2 * 8, 0);
        smmu.write64(2, TlbiIpaS2.OFFSET, PAGE + 0x1000 >>> 12);
        assertThat(smmu.word(Smmu.SID, IOVA)).as("its IPA is not known").isEqualTo(2);
        smmu.registers.write32(TlbiVmid.OFFSET, 3);
        assertThat(smmu.word(Smmu.SID, IOVA)).isEqualTo(-1);
    }

    /** The hardest property: a walk that began before an invalidation must not serve anybody after the synchronisation. */
    @Test
    void afterASynchronisationNoTransactionUsesTheOldPage() {
        int rounds = Integer.getInteger("sluice.rounds", 20_000);
        AtomicLong oldest = new AtomicLong();
        AtomicLong stale = new AtomicLong();
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService devices = Executors.newFixedThreadPool(2);
        try {
            List<CompletableFuture<Void>> running = IntStream.range(0, 2)
                    .mapToObj(device -> CompletableFuture.runAsync(
                            () -> {
                                while (!over.get()) {
                                    long floor = oldest.get();
                                    if (now() < floor) {
                                        stale.incrementAndGet();
                                    }
                                }
                            },
                            devices))
                    .toList();
            // two pages in turn, each holds the number of the round that mapped it
            for (int round = 1; round <= rounds; round++) {
                long page = PAGE + 0x4000 + (round & 1) * 0x1000L;
                smmu.memory.write32(page, round);
                smmu.map(root, IOVA, page | Smmu.RW);
                smmu.write64(BANK, TlbiVa.OFFSET, TlbiVa.withAsid(IOVA >>> 12, ASID));
                smmu.write(BANK, TlbSync.OFFSET, 0);
                oldest.set(round);
            }
            over.set(true);
            running.forEach(CompletableFuture::join);
        } finally {
            over.set(true);
            devices.shutdownNow();
        }
        assertThat(stale).hasValue(0);
    }
}
