package org.sluice.smmuv3.model;

import java.util.Map;
import java.util.Set;
import org.sluice.layout.Field;
import org.sluice.layout.FieldKind;
import org.sluice.layout.Register;
import org.sluice.smmuv3.arch.Aidr;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqIrqCfg1;
import org.sluice.smmuv3.arch.EventqIrqCfg2;
import org.sluice.smmuv3.arch.GatosAddr;
import org.sluice.smmuv3.arch.GatosCtrl;
import org.sluice.smmuv3.arch.GatosPar;
import org.sluice.smmuv3.arch.GatosSid;
import org.sluice.smmuv3.arch.GerrorIrqCfg0;
import org.sluice.smmuv3.arch.GerrorIrqCfg1;
import org.sluice.smmuv3.arch.GerrorIrqCfg2;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.smmuv3.arch.Iidr;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqIrqCfg0;
import org.sluice.smmuv3.arch.PriqIrqCfg1;
import org.sluice.smmuv3.arch.PriqIrqCfg2;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.smmuv3.arch.VatosSel;

/** Which registers and bits an identity has: those of an absent feature are RES0. */
final class RegisterFeatures {
    private static final Set<Integer> PRI = Set.of(
            PriqBase.ADDRESS,
            PriqProd.ADDRESS,
            PriqCons.ADDRESS,
            PriqIrqCfg0.ADDRESS,
            PriqIrqCfg1.ADDRESS,
            PriqIrqCfg2.ADDRESS);
    private static final Set<Integer> MSI = Set.of(
            GerrorIrqCfg0.ADDRESS,
            GerrorIrqCfg1.ADDRESS,
            GerrorIrqCfg2.ADDRESS,
            EventqIrqCfg0.ADDRESS,
            EventqIrqCfg1.ADDRESS,
            EventqIrqCfg2.ADDRESS,
            PriqIrqCfg0.ADDRESS,
            PriqIrqCfg1.ADDRESS,
            PriqIrqCfg2.ADDRESS);

    private static final Set<Integer> GATOS =
            Set.of(GatosCtrl.ADDRESS, GatosSid.ADDRESS, GatosAddr.ADDRESS, GatosPar.ADDRESS);

    private final Identity id;
    private final Map<Integer, Long> identity;

    RegisterFeatures(Identity id) {
        this.id = id;
        identity = Map.of(
                Idr0.ADDRESS, id.idr0(),
                Idr1.ADDRESS, id.idr1(),
                Idr3.ADDRESS, id.idr3(),
                Idr5.ADDRESS, id.idr5(),
                Iidr.ADDRESS, id.iidr(),
                Aidr.ADDRESS, id.aidr());
    }

    boolean exists(Register register) {
        int address = register.address();
        return !(PRI.contains(address) && !id.pri()
                || GATOS.contains(address) && !id.atos()
                || MSI.contains(address) && !id.msi()
                // a bank of its own
                || address >= BankedRegisters.SECURE && address < Register.PAGE_BYTES
                || address == VatosSel.ADDRESS);
    }

    long reset(Register register) {
        return identity.getOrDefault(register.address(), register.reset());
    }

    /** Bits that software can change while the register is not guarded. */
    long writable(Register register) {
        long mask = 0;
        for (Field field : register.layout().fields()) {
            if (field.kind().isNamed() && field.kind() != FieldKind.VIEW) {
                mask |= field.mask();
            }
        }
        return switch (register.address()) {
            case Cr0.ADDRESS ->
                Cr0.SMMUEN_MASK
                        | Cr0.EVENTQEN_MASK
                        | Cr0.CMDQEN_MASK
                        | (id.pri() ? Cr0.PRIQEN_MASK : 0)
                        | (id.ats() ? Cr0.ATSCHK_MASK : 0);
            case Cr2.ADDRESS -> id.recordsAtsErrors() ? mask : mask & ~Cr2.REC_CFG_ATS_MASK;
            case IrqCtrl.ADDRESS -> IrqCtrl.GERROR_MASK | IrqCtrl.EVENTQ_MASK | (id.pri() ? IrqCtrl.PRIQ_MASK : 0);
            default -> mask;
        };
    }
}
