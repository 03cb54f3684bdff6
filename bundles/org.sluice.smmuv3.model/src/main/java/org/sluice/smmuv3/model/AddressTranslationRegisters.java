package org.sluice.smmuv3.model;

import java.util.function.Supplier;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.GatosAddr;
import org.sluice.smmuv3.arch.GatosCtrl;
import org.sluice.smmuv3.arch.GatosPar;
import org.sluice.smmuv3.arch.GatosSid;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * GATOS, the address translation registers (IHI 0070 chapter 9): software writes StreamID and address, sets RUN, and finds
 * the answer in GATOS_PAR. Nothing is recorded and no flag of a descriptor is updated. A stage that the stream does not have
 * is INV_STAGE; a request for both stages is one for stage 1 where there is no stage 2.
 */
final class AddressTranslationRegisters {
    private final RegisterBank bank;
    private final Supplier<Settings> settings;
    private final TranslationPath path;
    private final Generation generation;
    private final int outputBits;

    AddressTranslationRegisters(
            RegisterBank bank,
            Supplier<Settings> settings,
            TranslationPath path,
            Generation generation,
            int outputBits) {
        this.bank = bank;
        this.settings = settings;
        this.path = path;
        this.generation = generation;
        this.outputBits = outputBits;
    }

    /** GATOS_CTRL was written: translates if RUN is set, and clears it when the answer is there. One thread at a time. */
    void run() {
        if (GatosCtrl.run(bank.get(GatosCtrl.ADDRESS)) != 0) {
            bank.set(GatosPar.ADDRESS, answer());
            bank.clear(GatosCtrl.ADDRESS, GatosCtrl.RUN_MASK);
        }
    }

    private long answer() {
        long sid = bank.get(GatosSid.ADDRESS);
        long request = bank.get(GatosAddr.ADDRESS);
        Settings now = settings.get();
        if (!now.enabled()) {
            return fault(GatosPar.FAULTCODE_INTERNAL_ERR);
        }
        if (GatosAddr.type(request) == 0) {
            return fault(GatosPar.FAULTCODE_INV_REQ);
        }
        int streamId = (int) GatosSid.streamid(sid);
        int substreamId = GatosSid.ssidValid(sid) != 0 ? (int) GatosSid.substreamid(sid) : Dma.NO_PASID;
        long began = generation.current();
        long[] slot = TransactionSlots.inquiry();
        Route route = path.route(now, streamId, substreamId, slot, began);
        if (route instanceof Route.Refused refused) {
            return fault(refused.event());
        }
        if (route instanceof Route.Unreachable unreachable) {
            return faulted(unreachable.fault());
        }
        return route instanceof Route.Translated translated
                ? translate(translated, request, slot, began)
                : fault(GatosPar.FAULTCODE_INV_STAGE);
    }

    private long translate(Route.Translated route, long request, long[] slot, long began) {
        long type = GatosAddr.type(request);
        boolean intermediate = type == GatosAddr.TYPE_IPA_TO_PA;
        if (intermediate ? route.stage2() == null : route.context() == null) {
            return fault(GatosPar.FAULTCODE_INV_STAGE);
        }
        long address = GatosAddr.addr(request);
        int flags = route.overrides().flags(flags(request));
        if (intermediate) {
            long leaf = route.stage2().covers(address) || address >>> outputBits == 0
                    ? path.stage2().translate(route.stage2(), address, flags, slot, began)
                    : Leaf.fault(EventId.F_ADDR_SIZE, 0);
            return Leaf.isFault(leaf) ? faulted(leaf) : found(leaf, address, route.intermediateAttributes(slot));
        }
        if (type == GatosAddr.TYPE_VA_TO_PA || route.stage2() == null) {
            long leaf = path.translator().translate(route, address, flags, slot, began);
            return Leaf.isFault(leaf) ? faulted(leaf) : found(leaf, address, route.attributes(slot));
        }
        long leaf = path.translator().intermediate(route, address, flags, slot, began);
        if (Leaf.isFault(leaf)) {
            return faulted(leaf);
        }
        return Permissions.permitted(leaf, flags, route.context())
                ? found(leaf, address, Attributes.normalize((int) slot[TransactionSlots.ATTRIBUTES]))
                : fault(EventId.F_PERMISSION);
    }

    private static int flags(long request) {
        boolean write = GatosAddr.rnW(request) == 0;
        return (write ? IommuModel.WRITE : 0)
                | (GatosAddr.pnU(request) != 0 ? Dma.PRIVILEGED : 0)
                | (!write && GatosAddr.inD(request) != 0 ? Dma.EXECUTE : 0);
    }

    private static long found(long leaf, long address, int attributes) {
        long par = GatosPar.withAttr(0, Attributes.type(attributes));
        par = GatosPar.withSh(par, Attributes.shareability(attributes));
        int size = Leaf.log2size(leaf);
        long output = Leaf.output(leaf, address) & -1L << size;
        if (size > Granule.BITS_4K) {
            // the lowest bit that is set is half of the size
            output |= 1L << size - 1;
            par = GatosPar.withSize(par, 1);
        }
        return par | output & GatosPar.ADDR_MASK;
    }

    private static long fault(long code) {
        return GatosPar.withFaultcode(GatosPar.FAULT_MASK, code);
    }

    private static long faulted(long fault) {
        long par = fault(Leaf.event(fault));
        // a conflict has neither reason nor address
        if (!Leaf.isStage2Fault(fault) || Leaf.event(fault) == EventId.F_TLB_CONFLICT) {
            return par;
        }
        // CLASS counts from 0, REASON keeps 0 for stage 1
        par = GatosPar.withReason(par, Leaf.clazz(fault) + 1);
        return par | Leaf.faultAddress(fault) & GatosPar.FADDR_MASK;
    }
}
