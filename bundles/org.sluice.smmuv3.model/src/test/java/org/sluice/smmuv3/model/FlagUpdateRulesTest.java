package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFPermission;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/** Access flag and dirty state, which the device writes into descriptors itself (IHI 0070 section 3.13). */
class FlagUpdateRulesTest {
    private static final long PAGE = 0x9800_0000L;
    private static final long IA = 0x1000;
    private static final long HA = ContextDescriptor.withHa(Smmu.cdWord0(1), 1);
    private static final long HA_HD = ContextDescriptor.withHd(HA, 1);
    /** A page of nobody yet: AF=0, and clean. */
    private static final long FRESH =
            Tables.RW & ~Stage1Leaf.AF_MASK | Stage1Leaf.DBM_MASK | Stage1Leaf.AP_RDONLY_MASK | Stage1Leaf.TYPE_PAGE;

    private static final long S2_FRESH =
            Tables.S2_RW & ~(Stage2Leaf.AF_MASK | Stage2Leaf.S2AP_W_MASK) | Stage2Leaf.DBM_MASK | Stage2Leaf.TYPE_PAGE;
    private static final long S2_HA = StreamTableEntry.withS2ha(Smmu.stage2Word2(7), 1);
    private static final long S2_HA_HD = StreamTableEntry.withS2hd(S2_HA, 1);

    private final Smmu smmu = Smmu.on().stage1(0, 0);

    private long leaf(long cd, long descriptor) {
        smmu.cd(0, cd, Smmu.ROOT);
        return Tables.map(smmu, Smmu.ROOT, 12, 48, IA, 3, PAGE | descriptor);
    }

    private long descriptor(long at) {
        return smmu.memory.read64(at) & ~PAGE;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void haSetsTheAccessFlagWhateverAffdSays_R21(long affd) {
        long at = leaf(ContextDescriptor.withAffd(HA, affd), FRESH);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(descriptor(at)).isEqualTo(FRESH | Stage1Leaf.AF_MASK);
        assertThat(smmu.counter("walk.update")).isEqualTo(1);
    }

    @Test
    void withoutHaAffdTranslatesAndWritesNothing_R21() {
        long at = leaf(ContextDescriptor.withAffd(Smmu.cdWord0(1), 1), FRESH);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(descriptor(at)).isEqualTo(FRESH);
    }

    @Test
    void aWriteMakesACleanPageDirtyAndAReadDoesNot() {
        long at = leaf(HA_HD, FRESH);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(descriptor(at)).isEqualTo(FRESH | Stage1Leaf.AF_MASK);
        assertThat(smmu.write(IA)).isEqualTo(Dma.OK);
        assertThat(descriptor(at)).isEqualTo((FRESH | Stage1Leaf.AF_MASK) & ~Stage1Leaf.AP_RDONLY_MASK);
    }

    @Test
    void aCachedCleanEntryIsNoPermissionToWriteWithoutAnUpdate() {
        long at = leaf(HA_HD, FRESH);
        smmu.read(IA);
        smmu.read(IA);
        assertThat(smmu.counter("tlb.hit")).isEqualTo(1);
        smmu.write(IA);
        assertThat(Stage1Leaf.apRdonly(smmu.memory.read64(at))).isZero();
        long walks = smmu.counter("walk");
        smmu.write(IA);
        assertThat(smmu.counter("walk")).isEqualTo(walks);
        assertThat(smmu.counter("walk.update")).isEqualTo(2);
    }

    @Test
    void hdWithoutHaIsInert_R22() {
        long at = leaf(ContextDescriptor.withHd(Smmu.cdWord0(1), 1), FRESH | Stage1Leaf.AF_MASK);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_PERMISSION");
        assertThat(descriptor(at)).isEqualTo(FRESH | Stage1Leaf.AF_MASK);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 0", "1, 1, 1", "1, 0, 0"})
    void whatIsNotAnnouncedIsIllegal_R22(long httu, long ha, long hd) {
        Smmu limited = Smmu.on("idr0.HTTU", httu).stage1(0, 0);
        long word0 = ContextDescriptor.withHd(ContextDescriptor.withHa(Smmu.cdWord0(1), ha), hd);
        limited.cd(0, word0, Smmu.ROOT);
        limited.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        boolean legal = ha == 0 || httu > hd;
        assertThat(limited.read(IA) == Dma.OK).isEqualTo(legal);
        assertThat(limited.eventNames()).isEqualTo(legal ? List.of() : List.of("C_BAD_CD"));
    }

    @Test
    void aPageThatIsNotToBeWrittenStaysAsItIs() {
        long readOnly = FRESH & ~Stage1Leaf.DBM_MASK;
        long at = leaf(HA_HD, readOnly);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_PERMISSION");
        // an update of AF is optional here; this model leaves it
        assertThat(descriptor(at)).isEqualTo(readOnly);
    }

    @Test
    void hierarchicalPermissionsAreNotLiftedByDbm() {
        long at = leaf(HA_HD, FRESH);
        long root = smmu.memory.read64(Smmu.ROOT);
        smmu.memory.write64(Smmu.ROOT, root | TableDescriptor.APTABLE_RDONLY_MASK);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_PERMISSION");
        assertThat(descriptor(at)).isEqualTo(FRESH);
    }

    @Test
    void anAccessThatIsDeniedForItsPrivilegeUpdatesNothing() {
        long privileged = FRESH & ~Stage1Leaf.AP_UNPRIV_MASK;
        long at = leaf(HA_HD, privileged);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        assertThat(descriptor(at)).isEqualTo(privileged);
    }

    @Test
    void aCleanPageIsWritableForWxn() {
        leaf(ContextDescriptor.withWxn(HA_HD, 1), FRESH);
        assertThat(smmu.read(Dma.NO_PASID, IA, new byte[4], Dma.EXECUTE)).isEqualTo(Dma.ABORT);
        leaf(ContextDescriptor.withWxn(HA, 1), FRESH);
        smmu.command(4, 31);
        assertThat(smmu.read(Dma.NO_PASID, IA, new byte[4], Dma.EXECUTE)).isEqualTo(Dma.OK);
    }

    @Test
    void aQuestionChangesNothing() {
        long at = leaf(HA_HD, FRESH);
        assertThat(smmu.translate(Dma.NO_PASID, IA, IommuModel.WRITE))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE, 4096, ""));
        assertThat(descriptor(at)).isEqualTo(FRESH);
        assertThat(smmu.counter("walk.update")).isZero();
    }

    /** A memory whose compare-and-set of descriptors is somebody else's. */
    private static PhysicalMemory updatedBy(PhysicalMemory memory, Callable<Boolean> update) {
        return (PhysicalMemory) Proxy.newProxyInstance(
                PhysicalMemory.class.getClassLoader(), new Class<?>[] {PhysicalMemory.class}, (proxy, method, args) -> {
                    if (method.getName().equals("compareAndSet64")) {
                        return update.call();
                    }
                    try {
                        return method.invoke(memory, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void anUpdateThatNeverSucceedsOrAbortsIsAnAbortOfTheWalk_R25() {
        for (Callable<Boolean> update : List.<Callable<Boolean>>of(() -> false, () -> {
            throw new MemoryAbortException(0, "read-only");
        })) {
            Smmu refused =
                    Smmu.reset(memory -> updatedBy(memory, update)).enable().stage1(0, 0);
            refused.cd(0, HA, Smmu.ROOT);
            refused.map(Smmu.ROOT, IA, PAGE, FRESH);
            assertThat(refused.read(IA)).isEqualTo(Dma.ABORT);
            assertThat(refused.eventNames()).containsExactly("F_WALK_EABT");
            refused.stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, S2_HA);
            refused.command(4, 31);
            refused.map2(IA, PAGE, S2_FRESH);
            assertThat(refused.read(IA)).isEqualTo(Dma.ABORT);
            assertThat(refused.eventNames()).containsExactly("F_WALK_EABT");
        }
    }

    @Test
    void stage2UpdatesItsOwnDescriptors() {
        smmu.stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, S2_HA_HD);
        long at = smmu.map2(IA, PAGE, S2_FRESH);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(descriptor(at)).isEqualTo(S2_FRESH | Stage2Leaf.AF_MASK);
        // the entry is cached, and clean
        assertThat(smmu.write(IA)).isEqualTo(Dma.OK);
        assertThat(descriptor(at)).isEqualTo(S2_FRESH | Stage2Leaf.AF_MASK | Stage2Leaf.S2AP_W_MASK);
        long walks = smmu.counter("s2.walk");
        smmu.write(IA);
        assertThat(smmu.counter("s2.walk")).isEqualTo(walks);
    }

    @Test
    void s2hdWithoutS2haIsInert_R22() {
        smmu.stage2(StreamTableEntry.CONFIG_S2_TRANSLATE, StreamTableEntry.withS2hd(Smmu.stage2Word2(7), 1));
        long at = smmu.map2(IA, PAGE, S2_FRESH | Stage2Leaf.AF_MASK);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_PERMISSION");
        assertThat(descriptor(at)).isEqualTo(S2_FRESH | Stage2Leaf.AF_MASK);
    }

    /** Stage 1 of {@link #smmu} through a stage 2 whose pages are all fresh, but for what is given. */
    private final class Nested {
        final long leaf;
        final long ofContext;
        final long ofTable;
        final long ofData;

        Nested(long cd, long tables) {
            smmu.stage2(StreamTableEntry.CONFIG_NESTED, S2_HA_HD);
            leaf = leaf(cd, FRESH);
            ofContext = page(Smmu.CONTEXTS, S2_FRESH);
            page(Smmu.ROOT, S2_FRESH);
            long table = Smmu.ROOT;
            for (int level = 0; level < 3; level++) {
                table = TableDescriptor.nextTable(smmu.memory.read64(table));
                if (level < 2) {
                    page(table, S2_FRESH);
                }
            }
            ofTable = page(table, tables);
            ofData = page(PAGE, S2_FRESH);
        }

        private long page(long address, long attributes) {
            long page = address & -4096;
            return smmu.map2(page, page, attributes);
        }

        long attributes(long at) {
            long descriptor = smmu.memory.read64(at);
            return descriptor & ~Stage2Leaf.OUTPUTADDRESS_MASK;
        }
    }

    @Test
    void aStage1UpdateMakesTheTablesPageDirtyInStage2() {
        Nested nested = new Nested(HA_HD, S2_FRESH);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        long accessed = S2_FRESH | Stage2Leaf.AF_MASK;
        assertThat(descriptor(nested.leaf)).isEqualTo(FRESH | Stage1Leaf.AF_MASK);
        assertThat(nested.attributes(nested.ofTable)).isEqualTo(accessed | Stage2Leaf.S2AP_W_MASK);
        assertThat(nested.attributes(nested.ofData)).isEqualTo(accessed);
        // the fetch of a CD never makes its page dirty
        assertThat(nested.attributes(nested.ofContext)).isEqualTo(accessed);
        // both are cached clean, and both are to be updated
        assertThat(smmu.write(IA)).isEqualTo(Dma.OK);
        assertThat(Stage1Leaf.apRdonly(smmu.memory.read64(nested.leaf))).isZero();
        assertThat(nested.attributes(nested.ofData)).isEqualTo(accessed | Stage2Leaf.S2AP_W_MASK);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void withoutAnUpdateTheTablesPageStaysClean() {
        Nested nested = new Nested(ContextDescriptor.withAffd(Smmu.cdWord0(1), 1), S2_FRESH);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        assertThat(nested.attributes(nested.ofTable)).isEqualTo(S2_FRESH | Stage2Leaf.AF_MASK);
    }

    @Test
    void aTableThatStage2DoesNotLetWriteIsAFaultOfAWriteToIt_R27() {
        Nested nested = new Nested(HA_HD, S2_FRESH & ~Stage2Leaf.DBM_MASK);
        assertThat(smmu.read(IA)).isEqualTo(Dma.ABORT);
        long pointer = TableDescriptor.nextTable(nested.leaf);
        long[] event = smmu.events().get(0);
        assertThat(EvtFPermission.eventID(event[0])).isEqualTo(EventId.F_PERMISSION);
        long expected = EvtFPermission.RNW_MASK | EvtFPermission.S2_MASK;
        assertThat(event[1]).isEqualTo(EvtFPermission.withClazz(expected, EvtFPermission.CLASS_TT));
        assertThat(event[3]).isEqualTo(pointer);
        assertThat(descriptor(nested.leaf)).isEqualTo(FRESH);
    }

    @Test
    void aTableThatStage2DoesNotLetReadIsAFaultOfARead_R27() {
        new Nested(HA_HD, S2_FRESH & ~Stage2Leaf.S2AP_R_MASK);
        assertThat(smmu.write(IA)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(EvtFPermission.ttRnW(event[1])).isEqualTo(1);
        assertThat(EvtFPermission.rnW(event[1])).isZero();
        assertThat(EvtFPermission.clazz(event[1])).isEqualTo(EvtFPermission.CLASS_TT);
    }
}
